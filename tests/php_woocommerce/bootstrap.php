<?php

declare(strict_types=1);

define('ABSPATH', __DIR__ . '/');
define('PLUGIN', __DIR__ . '/../../adapters/woocommerce/plugin/stammkunde');

require __DIR__ . '/StandIn/wordpress.php';
require PLUGIN . '/stammkunde.php';
