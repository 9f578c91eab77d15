<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Feed\Noticed;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * What the receiver is still to be told. A record stands here once: the newest message about it says all.
 */
final class Queue
{
    /** More than this, and the next read is the quicker way. */
    private const MOST = 5000;
    private const DAY  = 86400;

    public function __construct(private readonly Database $database)
    {
    }

    /** @param list<Noticed> $changes */
    public function add(string $kind, array $changes, int $now): void
    {
        $room = self::MOST - $this->count();
        foreach (\array_slice($changes, 0, \max(0, $room)) as $change) {
            $this->database->run(
                'REPLACE INTO ' . Tables::MESSAGES . ' (kind, record, id, topic, occurred)
                    VALUES (:kind, :record, :id, :topic, :now)',
                [
                    'kind'   => $kind,
                    'record' => $change->id,
                    'id'     => self::newId(),
                    'topic'  => \rtrim($kind, 's') . '.' . $change->what,
                    'now'    => $now,
                ],
            );
        }
    }

    public static function newId(): string
    {
        return 'msg_' . \bin2hex(\random_bytes(12));
    }

    /** @return list<array<string, mixed>> the oldest */
    public function oldest(int $limit): array
    {
        return $this->database->rows(
            'SELECT kind, record, id, topic, occurred FROM ' . Tables::MESSAGES
            . ' ORDER BY occurred, kind, record LIMIT ' . $limit,
        );
    }

    /** Not the newer message about the same record that came meanwhile. */
    public function remove(string $id): void
    {
        $this->database->run('DELETE FROM ' . Tables::MESSAGES . ' WHERE id = :id', ['id' => $id]);
    }

    public function removeOld(int $now): void
    {
        $this->database->run(
            'DELETE FROM ' . Tables::MESSAGES . ' WHERE occurred < :before',
            ['before' => $now - self::DAY],
        );
    }

    public function removeAll(): void
    {
        $this->database->run('DELETE FROM ' . Tables::MESSAGES);
    }

    public function count(): int
    {
        return (int)$this->database->value('SELECT COUNT(*) FROM ' . Tables::MESSAGES);
    }
}
