<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\In;

/**
 * Orders: their head with the state, and sums over lines, payments, coupons and returns. Sums suffice, because
 * JTL-Wawi replaces the lines of an order that it edits by new ones, with new numbers.
 */
final class OrderSource implements Source
{
    private const COLUMNS = 'kBestellung, kWarenkorb, kKunde, kRechnungsadresse, kWaehrung, fGuthaben, fGesamtsumme,
        cVersandartName, cZahlungsartName, cBestellNr, dVersandDatum, dBezahltDatum, cStatus, dErstellt,
        fWaehrungsFaktor';

    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Times $times,
    ) {
    }

    public function kind(): string
    {
        return 'orders';
    }

    public function after(int $after, int $limit): array
    {
        return $this->snapshots('kBestellung > ' . $after . ' ORDER BY kBestellung LIMIT ' . $limit);
    }

    public function of(array $ids): array
    {
        return $this->snapshots('kBestellung IN ' . In::ids($ids) . ' ORDER BY kBestellung');
    }

    public function forgetGone(int $before): void
    {
        // Nothing of ours hangs on an order.
    }

    /** @return list<Snapshot> */
    private function snapshots(string $condition): array
    {
        $rows     = $this->database->rows('SELECT ' . self::COLUMNS . ' FROM tbestellung WHERE ' . $condition);
        $orders   = In::ids(\array_map('intval', \array_column($rows, 'kBestellung')));
        $carts    = In::ids(\array_map('intval', \array_column($rows, 'kWarenkorb')));
        $lines    = $this->sums(
            'SELECT kWarenkorb AS id, COUNT(*) AS n, MAX(kWarenkorbPos) AS m, SUM(kArtikel) AS k,
                SUM(nAnzahl) AS q, SUM(nAnzahl * fPreisEinzelNetto) AS v
                FROM twarenkorbpos WHERE kWarenkorb IN ' . $carts . ' GROUP BY kWarenkorb',
        );
        $payments = $this->sums(
            'SELECT kBestellung AS id, COUNT(*) AS n, MAX(kZahlungseingang) AS m, SUM(fBetrag) AS v
                FROM tzahlungseingang WHERE kBestellung IN ' . $orders . ' GROUP BY kBestellung',
        );
        $coupons  = $this->sums(
            'SELECT kBestellung AS id, COUNT(*) AS n, SUM(kKupon) AS k
                FROM tkuponbestellung WHERE kBestellung IN ' . $orders . ' GROUP BY kBestellung',
        );
        $returns  = !$this->shop->hasReturns() ? [] : $this->sums(
            'SELECT orderID AS id, COUNT(*) AS n, SUM(rma.status) AS s
                FROM rma_items JOIN rma ON rma.id = rma_items.rmaID
                WHERE orderID IN ' . $orders . ' GROUP BY orderID',
        );

        return \array_map(function (array $row) use ($lines, $payments, $coupons, $returns): Snapshot {
            $id = (int)$row['kBestellung'];

            return new Snapshot(
                $id,
                [
                    ...$row,
                    'lines'    => $lines[(int)$row['kWarenkorb']] ?? [],
                    'payments' => $payments[$id] ?? [],
                    'coupons'  => $coupons[$id] ?? [],
                    'returns'  => $returns[$id] ?? [],
                ],
                \max(
                    $this->times->fromDatabase($row['dErstellt']),
                    $this->times->fromDatabase($row['dBezahltDatum']),
                    $this->times->fromDatabase($row['dVersandDatum']),
                ),
                (int)$row['cStatus'] === -1,
            );
        }, $rows);
    }

    /** @return array<int, array<string, mixed>> by id */
    private function sums(string $sql): array
    {
        $sums = [];
        foreach ($this->database->rows($sql) as $row) {
            $sums[(int)$row['id']] = $row;
        }

        return $sums;
    }
}
