<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * What changed since when. JTL-Shop has no stamp that moves with an order's state or a deletion, so checksums are
 * kept and compared: completely at the start of every read, and for one record when a hook points at it.
 */
final class Feed
{
    private const CHUNK   = 2000;
    private const SECONDS = 3.0;
    private const DAY     = 86400;

    public function __construct(private readonly Database $database, private readonly Shop $shop)
    {
    }

    /** When a kind was compared for the first time; before that nothing is known. */
    public function started(string $kind): ?int
    {
        $started = $this->database->value(
            'SELECT started FROM ' . Tables::FEEDS . ' WHERE kind = :kind AND complete = 1',
            ['kind' => $kind],
        );

        return $started === null ? null : (int)$started;
    }

    /**
     * The page behind `$after`. Without `$since`: everything there is.
     *
     * @param string|null $after null, or the `next` of the page before
     */
    public function page(Source $source, ?int $since, ?string $after, int $limit): Page
    {
        $place = Place::parse($after);
        if ($place->comparing) {
            $position = $this->compare($source, $place->id);
            if ($position !== null) {
                return new Page([], [], Place::comparing($position), null);
            }
            $place = Place::start();
        }
        $started = $this->started($source->kind());
        $from    = $since === null || $started === null || $since < $started ? 0 : $since;

        return $this->read($source->kind(), $from, $since !== null, $place, $limit);
    }

    /**
     * Compares these records now, whatever a hook or a read by id knows about them.
     *
     * @param list<int> $ids
     * @return list<Noticed> those that changed
     */
    public function notice(Source $source, array $ids): array
    {
        if ($ids === []) {
            return [];
        }
        $known = $this->known($source->kind(), 'id IN ' . In::ids($ids));

        return $this->settle($source->kind(), $source->of($ids), $known);
    }

    /**
     * @param list<int> $ids
     * @return array<int, Stamp>
     */
    public function stamps(string $kind, array $ids): array
    {
        $stamps = [];
        foreach ($this->known($kind, 'gone = 0 AND id IN ' . In::ids($ids)) as $id => $row) {
            $stamps[$id] = self::stamp($row);
        }

        return $stamps;
    }

    /** Compares records above `$position` for about three seconds. Returns where it stopped, null when through. */
    private function compare(Source $source, int $position): ?int
    {
        $this->begin($source->kind(), $position);
        $until = \microtime(true) + self::SECONDS;
        do {
            $snapshots = $source->after($position, self::CHUNK);
            $last      = \count($snapshots) < self::CHUNK ? null : $snapshots[self::CHUNK - 1]->id;
            $range     = 'id > ' . $position . ($last === null ? '' : ' AND id <= ' . $last);
            $this->settle($source->kind(), $snapshots, $this->known($source->kind(), $range));
            $position = $last ?? $position;
        } while ($last !== null && \microtime(true) < $until);
        if ($last !== null) {
            return $position;
        }
        $this->database->run(
            'UPDATE ' . Tables::FEEDS . ' SET complete = 1 WHERE kind = :kind AND complete = 0',
            ['kind' => $source->kind()],
        );
        // A day's grace: a shop that is just being restored may be empty for a moment.
        $source->forgetGone($this->shop->now() - self::DAY);

        return null;
    }

    private function begin(string $kind, int $position): void
    {
        $known = $this->database->value('SELECT kind FROM ' . Tables::FEEDS . ' WHERE kind = :kind', ['kind' => $kind]);
        if ($position === 0 && $known === null) {
            $this->database->run(
                'REPLACE INTO ' . Tables::FEEDS . ' (kind, started, complete) VALUES (:kind, :now, 0)',
                ['kind' => $kind, 'now' => $this->shop->now()],
            );
        }
    }

    /** @return array<int, array<string, mixed>> */
    private function known(string $kind, string $condition): array
    {
        $rows = $this->database->rows(
            'SELECT id, checksum, modified, cancelled, gone FROM ' . Tables::RECORDS
            . ' WHERE kind = :kind AND ' . $condition,
            ['kind' => $kind],
        );

        return \array_combine(\array_map('intval', \array_column($rows, 'id')), $rows);
    }

    /**
     * Stamps what is new, different, or no longer there.
     *
     * @param list<Snapshot> $snapshots
     * @param array<int, array<string, mixed>> $known all records that these snapshots would show if they existed
     * @return list<Noticed>
     */
    private function settle(string $kind, array $snapshots, array $known): array
    {
        $now     = $this->shop->now();
        $first   = $this->started($kind) === null;
        $rows    = [];
        $noticed = [];
        foreach ($snapshots as $snapshot) {
            $row = $known[$snapshot->id] ?? null;
            unset($known[$snapshot->id]);
            if ($row !== null && $row['checksum'] === $snapshot->checksum && (int)$row['gone'] === 0) {
                continue;
            }
            // Before the first comparison ends the shop's own date is the best there is.
            $stamp     = $row === null && $first ? \min($snapshot->dated ?? $now, $now) : $now;
            $cancelled = $snapshot->cancelled ? (int)($row['cancelled'] ?? $stamp) : null;
            $rows[]    = [$snapshot->id, $snapshot->checksum, $stamp, $cancelled, 0];
            $noticed[] = new Noticed($snapshot->id, match (true) {
                $cancelled !== null && ($row['cancelled'] ?? null) === null => 'cancelled',
                $row === null && !$first                                    => 'created',
                default                                                     => 'updated',
            });
        }
        foreach ($known as $id => $row) {
            if ((int)$row['gone'] === 0) {
                $rows[]    = [$id, (string)$row['checksum'], $now, null, 1];
                $noticed[] = new Noticed($id, 'deleted');
            }
        }
        $this->store($kind, $rows);

        return $noticed;
    }

    /** @param list<array{int, string, int, int|null, int}> $rows */
    private function store(string $kind, array $rows): void
    {
        foreach (\array_chunk($rows, 150) as $chunk) {
            $params = [];
            $values = [];
            foreach ($chunk as $i => [$id, $checksum, $modified, $cancelled, $gone]) {
                // Native prepared statements take each name once.
                $params['k' . $i] = $kind;
                $params['c' . $i] = $checksum;
                $values[]         = \sprintf(
                    '(:k%d, %d, :c%d, %d, %s, %d)',
                    $i,
                    $id,
                    $i,
                    $modified,
                    $cancelled ?? 'NULL',
                    $gone,
                );
            }
            $this->database->run(
                'REPLACE INTO ' . Tables::RECORDS . ' (kind, id, checksum, modified, cancelled, gone) VALUES '
                . \implode(', ', $values),
                $params,
            );
        }
    }

    private function read(string $kind, int $from, bool $withGone, Place $place, int $limit): Page
    {
        $params = ['kind' => $kind, 'since' => $from];
        $wanted = 'kind = :kind AND modified >= :since' . ($withGone ? '' : ' AND gone = 0');
        $total  = (int)$this->database->value('SELECT COUNT(*) FROM ' . Tables::RECORDS . ' WHERE ' . $wanted, $params);
        $rows   = $this->database->rows(
            'SELECT id, modified, cancelled, gone FROM ' . Tables::RECORDS . ' WHERE ' . $wanted
            . ' AND (modified > :modified OR (modified = :same AND id > :id)) ORDER BY modified, id LIMIT ' . $limit,
            [...$params, 'modified' => $place->modified, 'same' => $place->modified, 'id' => $place->id],
        );
        $stamps = [];
        $gone   = [];
        foreach ($rows as $row) {
            if ((int)$row['gone'] === 1) {
                $gone[] = (int)$row['id'];
            } else {
                $stamps[(int)$row['id']] = self::stamp($row);
            }
        }
        $last = \count($rows) < $limit ? null : $rows[$limit - 1];

        return new Page(
            $stamps,
            $gone,
            $last === null ? null : Place::behind((int)$last['modified'], (int)$last['id']),
            $total,
        );
    }

    /** @param array<string, mixed> $row */
    private static function stamp(array $row): Stamp
    {
        return new Stamp((int)$row['modified'], $row['cancelled'] === null ? null : (int)$row['cancelled']);
    }
}
