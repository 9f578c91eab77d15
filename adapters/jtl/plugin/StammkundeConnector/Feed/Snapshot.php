<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

/**
 * One record as the shop has it now, reduced to what tells whether it changed.
 */
final class Snapshot
{
    public readonly string $checksum;

    /**
     * @param array<array-key, mixed> $content everything whose change matters
     * @param int|null $dated the newest date the shop itself has on the record
     */
    public function __construct(
        public readonly int $id,
        array $content,
        public readonly ?int $dated,
        public readonly bool $cancelled = false,
    ) {
        // Drivers give numbers now as text and now as numbers; as text they compare alike.
        $this->checksum = \md5((string)\json_encode(
            self::texts($content),
            \JSON_INVALID_UTF8_SUBSTITUTE | \JSON_PARTIAL_OUTPUT_ON_ERROR,
        ));
    }

    /**
     * @param array<array-key, mixed> $content
     * @return array<array-key, mixed>
     */
    private static function texts(array $content): array
    {
        return \array_map(
            static fn(mixed $value): mixed => \is_array($value) ? self::texts($value) : (string)$value,
            $content,
        );
    }
}
