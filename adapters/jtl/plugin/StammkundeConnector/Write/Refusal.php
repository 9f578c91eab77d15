<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use RuntimeException;

/**
 * Why one change of a batch is not applied. The others are.
 */
final class Refusal extends RuntimeException
{
    public function __construct(public readonly string $name, string $message)
    {
        parent::__construct($message);
    }
}
