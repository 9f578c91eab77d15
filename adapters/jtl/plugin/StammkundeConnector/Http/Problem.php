<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Http;

use RuntimeException;

/**
 * Why a request is not answered: a status, a code for programs and a sentence for people.
 */
final class Problem extends RuntimeException
{
    /** @param array<string, string> $headers */
    public function __construct(
        public readonly int $status,
        public readonly string $name,
        string $message,
        public readonly array $headers = [],
    ) {
        parent::__construct($message);
    }

    public static function badRequest(string $message): self
    {
        return new self(400, 'bad-request', $message);
    }
}
