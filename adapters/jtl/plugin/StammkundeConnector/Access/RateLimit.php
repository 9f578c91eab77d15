<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Access;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * Counts per bucket and minute. A right key has a bucket of its own, so that nobody else's wrong ones lock it out.
 */
final class RateLimit
{
    private const HOUR_OF_MINUTES = 60;

    public function __construct(private readonly Database $database)
    {
    }

    /** Counts one more and tells whether that is still within `$most` a minute. */
    public function allows(string $bucket, int $most, int $now): bool
    {
        $params = ['bucket' => \hash('sha256', $bucket), 'minute' => \intdiv($now, 60)];
        $count  = $this->database->value(
            'SELECT attempts FROM ' . Tables::ATTEMPTS . ' WHERE bucket = :bucket AND minute = :minute',
            $params,
        );
        if ($count === null) {
            $this->begin($params);
        } elseif ((int)$count < $most) {
            $this->database->run(
                'UPDATE ' . Tables::ATTEMPTS . ' SET attempts = attempts + 1
                    WHERE bucket = :bucket AND minute = :minute',
                $params,
            );
        }

        return (int)$count < $most;
    }

    public static function secondsLeft(int $now): int
    {
        return 60 - $now % 60;
    }

    /** @param array{bucket: string, minute: int} $params */
    private function begin(array $params): void
    {
        $this->database->run(
            'DELETE FROM ' . Tables::ATTEMPTS . ' WHERE minute < :oldest',
            ['oldest' => $params['minute'] - self::HOUR_OF_MINUTES],
        );
        // Two first requests of a minute may both come here; one count is lost, which does not matter.
        $this->database->run(
            'REPLACE INTO ' . Tables::ATTEMPTS . ' (bucket, minute, attempts) VALUES (:bucket, :minute, 1)',
            $params,
        );
    }
}
