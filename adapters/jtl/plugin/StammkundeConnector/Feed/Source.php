<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

/**
 * A kind of record that is watched for changes.
 */
interface Source
{
    /** customers, orders, products or coupons */
    public function kind(): string;

    /** @return list<Snapshot> up to `$limit` records with ids above `$after`, ascending */
    public function after(int $after, int $limit): array;

    /**
     * @param list<int> $ids
     * @return list<Snapshot> those of them that exist, ascending
     */
    public function of(array $ids): array;

    /** Ends a comparison: what hangs on records that are gone since before `$before` is dropped. */
    public function forgetGone(int $before): void;
}
