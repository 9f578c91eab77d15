<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Feed\Noticed;
use Plugin\StammkundeConnector\Shop\Times;

/**
 * Tells the receiver what changed: stored at once, sent when nobody waits for a page.
 *
 * A message is a hint and carries no personal data. What is lost is found by the next read.
 */
final class Webhooks
{
    private const AT_ONCE = 100;
    private const SECONDS = 5.0;

    /** Statuses that refuse one message for good, and say nothing against the next. */
    private const REFUSALS = [400, 410, 413, 422];

    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Receiver $receiver,
        private readonly Queue $queue,
        private readonly Messenger $messenger,
    ) {
    }

    /** @param list<Noticed> $changes */
    public function note(string $kind, array $changes): void
    {
        if ($changes !== [] && $this->isAble() && $this->receiver->isOn()) {
            $this->queue->add($kind, $changes, $this->shop->now());
        }
    }

    /** Whether sending now makes sense. Two quick looks into the database. */
    public function isDue(): bool
    {
        return $this->receiver->isOn()
            && $this->isAble()
            && $this->receiver->isDue($this->shop->now())
            && $this->queue->count() > 0;
    }

    /** Sends what waits, oldest first, for a few seconds; a receiver that fails is left alone for a while. */
    public function send(): void
    {
        $address = $this->receiver->address();
        if ($address === null || !$this->database->lock('webhooks', 0)) {
            return;
        }
        try {
            $this->queue->removeOld($this->shop->now());
            $this->sendTo($address);
        } finally {
            $this->database->unlock('webhooks');
        }
    }

    /** @return int the status of the answer to a message that means nothing */
    public function test(): int
    {
        $status = $this->post((string)$this->receiver->address(), [
            'id'       => Queue::newId(),
            'topic'    => 'test',
            'kind'     => null,
            'record'   => null,
            'occurred' => $this->shop->now(),
        ]);
        if (self::isTaken($status)) {
            $this->receiver->answered();
        }

        return $status;
    }

    public function switchOff(): void
    {
        $this->receiver->switchOff();
        $this->queue->removeAll();
    }

    public function isAble(): bool
    {
        return $this->messenger->isAble();
    }

    public function waiting(): int
    {
        return $this->queue->count();
    }

    private function sendTo(string $address): void
    {
        if (!$this->receiver->isDue($this->shop->now())) {
            return; // another process has just tried
        }
        $until = \microtime(true) + self::SECONDS;
        foreach ($this->queue->oldest(self::AT_ONCE) as $message) {
            $status = $this->post($address, $message);
            if (!self::isTaken($status) && !\in_array($status, self::REFUSALS, true)) {
                $this->receiver->failed($status, $this->shop->now());
                return;
            }
            $this->receiver->answered();
            $this->queue->remove((string)$message['id']);
            if (\microtime(true) >= $until) {
                return;
            }
        }
    }

    /** @param array<string, mixed> $message */
    private function post(string $address, array $message): int
    {
        $body = (string)\json_encode([
            'id'          => $message['id'],
            'topic'       => $message['topic'],
            'kind'        => $message['kind'],
            'record_id'   => $message['record'] === null ? null : (string)$message['record'],
            'occurred_at' => Times::iso((int)$message['occurred']),
        ], \JSON_UNESCAPED_SLASHES);
        $headers = Signature::headers($this->receiver->secret(), (string)$message['id'], $body, $this->shop->now());

        return $this->messenger->post($address, $headers, $body);
    }

    private static function isTaken(int $status): bool
    {
        return $status >= 200 && $status < 300;
    }
}
