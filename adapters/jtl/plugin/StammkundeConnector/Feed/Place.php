<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

use Plugin\StammkundeConnector\Http\Problem;

/**
 * Where a read of the feed stands: still comparing behind an id, or reading behind (modified, id).
 */
final class Place
{
    private function __construct(
        public readonly bool $comparing,
        public readonly int $modified,
        public readonly int $id,
    ) {
    }

    public static function parse(?string $text): self
    {
        if ($text === null || $text === '') {
            return new self(true, 0, 0);
        }
        if (\preg_match('/^c\.(\d{1,10})$/D', $text, $hits) === 1) {
            return new self(true, 0, (int)$hits[1]);
        }
        if (\preg_match('/^p\.(\d{1,11})\.(\d{1,10})$/D', $text, $hits) === 1) {
            return new self(false, (int)$hits[1], (int)$hits[2]);
        }

        throw Problem::badRequest('after is not the "next" of a page.');
    }

    public static function start(): self
    {
        return new self(false, -1, 0);
    }

    public static function comparing(int $id): string
    {
        return 'c.' . $id;
    }

    public static function behind(int $modified, int $id): string
    {
        return 'p.' . $modified . '.' . $id;
    }
}
