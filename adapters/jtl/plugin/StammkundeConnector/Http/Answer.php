<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Http;

/**
 * What goes back: always JSON.
 */
final class Answer
{
    /**
     * @param array<string, mixed> $content
     * @param array<string, string> $headers
     */
    public function __construct(
        public readonly array $content,
        public readonly int $status = 200,
        public readonly array $headers = [],
    ) {
    }

    public static function problem(Problem $problem): self
    {
        return new self(
            ['error' => ['code' => $problem->name, 'message' => $problem->getMessage()]],
            $problem->status,
            $problem->headers,
        );
    }

    public function json(): string
    {
        return \json_encode(
            $this->content,
            \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES | \JSON_PRESERVE_ZERO_FRACTION
            | \JSON_INVALID_UTF8_SUBSTITUTE | \JSON_THROW_ON_ERROR,
        );
    }
}
