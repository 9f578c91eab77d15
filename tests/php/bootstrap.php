<?php

declare(strict_types=1);

// As the shop loads it: the namespace Plugin is the folder of plugins.
spl_autoload_register(static function (string $class): void {
    $roots = [
        'Plugin\\StammkundeConnector\\' => __DIR__ . '/../../adapters/jtl/plugin/StammkundeConnector/',
        'Stammkunde\\Tests\\'           => __DIR__ . '/',
    ];
    foreach ($roots as $prefix => $folder) {
        $file = $folder . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
        }
    }
});
