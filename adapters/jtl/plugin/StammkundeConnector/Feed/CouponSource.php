<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Read\Coupons;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * Our coupons: exactly what is handed out of them. One that was deleted in the backend stays, as deleted.
 */
final class CouponSource implements Source
{
    public function __construct(private readonly Database $database, private readonly Coupons $coupons)
    {
    }

    public function kind(): string
    {
        return 'coupons';
    }

    public function after(int $after, int $limit): array
    {
        return $this->snapshots('coupon > ' . $after . ' ORDER BY coupon LIMIT ' . $limit);
    }

    public function of(array $ids): array
    {
        return $this->snapshots('coupon IN ' . In::ids($ids) . ' ORDER BY coupon');
    }

    public function forgetGone(int $before): void
    {
        // A code that was given out is never forgotten.
    }

    /** @return list<Snapshot> */
    private function snapshots(string $condition): array
    {
        $rows  = $this->database->rows('SELECT coupon, created FROM ' . Tables::COUPONS . ' WHERE ' . $condition);
        $dates = [];
        foreach ($rows as $row) {
            $dates[(int)$row['coupon']] = (int)$row['created'];
        }
        $snapshots = [];
        foreach ($this->coupons->of(\array_keys($dates)) as $id => $record) {
            $snapshots[] = new Snapshot($id, $record, $dates[$id]);
        }

        return $snapshots;
    }
}
