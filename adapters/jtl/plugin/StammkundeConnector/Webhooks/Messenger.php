<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

/**
 * Carries one message to an address.
 */
interface Messenger
{
    /** Whether this server can make outgoing connections at all. */
    public function isAble(): bool;

    /**
     * @param array<string, string> $headers
     * @return int the status of the answer; 0 if there was none in time
     */
    public function post(string $address, array $headers, string $body): int;
}
