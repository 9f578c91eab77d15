<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

/**
 * A record that a comparison found changed.
 */
final class Noticed
{
    /** @param string $what created, updated, cancelled or deleted */
    public function __construct(public readonly int $id, public readonly string $what)
    {
    }
}
