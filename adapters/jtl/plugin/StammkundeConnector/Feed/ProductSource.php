<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Read\Products;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\In;

/**
 * Products: exactly what is handed out of them, for that is little.
 */
final class ProductSource implements Source
{
    public function __construct(
        private readonly Database $database,
        private readonly Products $products,
        private readonly Times $times,
    ) {
    }

    public function kind(): string
    {
        return 'products';
    }

    public function after(int $after, int $limit): array
    {
        return $this->snapshots('kArtikel > ' . $after . ' ORDER BY kArtikel LIMIT ' . $limit);
    }

    public function of(array $ids): array
    {
        return $this->snapshots('kArtikel IN ' . In::ids($ids) . ' ORDER BY kArtikel');
    }

    public function forgetGone(int $before): void
    {
        // Nothing of ours hangs on a product.
    }

    /** @return list<Snapshot> */
    private function snapshots(string $condition): array
    {
        $rows  = $this->database->rows(
            'SELECT kArtikel, dLetzteAktualisierung FROM tartikel WHERE kVaterArtikel = 0 AND ' . $condition,
        );
        $dates = [];
        foreach ($rows as $row) {
            $dates[(int)$row['kArtikel']] = $this->times->fromDatabase($row['dLetzteAktualisierung']);
        }
        $snapshots = [];
        foreach ($this->products->of(\array_keys($dates)) as $id => $record) {
            $snapshots[] = new Snapshot($id, $record, $dates[$id]);
        }

        return $snapshots;
    }
}
