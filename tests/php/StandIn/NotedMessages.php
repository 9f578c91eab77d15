<?php

declare(strict_types=1);

namespace Stammkunde\Tests\StandIn;

use Plugin\StammkundeConnector\Webhooks\Messenger;

/**
 * A receiver that answers what the test says, and keeps what it took.
 */
final class NotedMessages implements Messenger
{
    public int $status = 200;

    public bool $isAble = true;

    /** @var list<array{address: string, headers: array<string, string>, body: array<string, mixed>}> */
    public array $messages = [];

    public function isAble(): bool
    {
        return $this->isAble;
    }

    public function post(string $address, array $headers, string $body): int
    {
        $this->messages[] = ['address' => $address, 'headers' => $headers, 'body' => \json_decode($body, true)];

        return $this->status;
    }

    /** @return list<string> topics and records, in the order in which they came */
    public function topics(): array
    {
        return \array_map(
            static fn(array $message): string => $message['body']['topic'] . ' ' . $message['body']['record_id'],
            $this->messages,
        );
    }
}
