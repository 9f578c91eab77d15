<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

/**
 * One page of the feed of changes.
 */
final class Page
{
    /**
     * @param array<int, Stamp> $stamps by id, in the order of (modified, id)
     * @param list<int> $gone
     * @param string|null $next null at the end
     */
    public function __construct(
        public readonly array $stamps,
        public readonly array $gone,
        public readonly ?string $next,
        public readonly ?int $total,
    ) {
    }
}
