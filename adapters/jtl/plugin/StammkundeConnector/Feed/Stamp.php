<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

/**
 * When the plugin noticed that a record changed, and that it was cancelled.
 */
final class Stamp
{
    public function __construct(public readonly int $modified, public readonly ?int $cancelled)
    {
    }
}
