<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

/**
 * What became of one change, as it stands in the answer.
 */
final class Outcome
{
    /** @param array<string, mixed> $more */
    private function __construct(
        private readonly string $outcome,
        private readonly array $more,
    ) {
    }

    /** @param array<string, mixed> $more */
    public static function of(bool $changed, array $more = []): self
    {
        return new self($changed ? 'done' : 'unchanged', $more);
    }

    public static function refused(string $code, string $message): self
    {
        return new self('refused', ['error' => ['code' => $code, 'message' => $message]]);
    }

    /** @return array<string, mixed> */
    public function content(): array
    {
        return ['outcome' => $this->outcome, ...$this->more];
    }
}
