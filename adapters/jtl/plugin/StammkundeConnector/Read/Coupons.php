<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * Our coupons as the API gives them: terms and mark from our table, everything that lives from the shop's.
 */
final class Coupons
{
    public function __construct(private readonly Database $database, private readonly Times $times)
    {
    }

    /**
     * @param list<int> $ids
     * @return array<int, array<string, mixed>> by id
     */
    public function of(array $ids): array
    {
        $rows        = $this->database->rows(
            'SELECT ours.*, kKupon, cKuponTyp, cWertTyp, fWert, fMindestbestellwert, dGueltigAb, dGueltigBis, cAktiv,
                nVerwendungenBisher
                FROM ' . Tables::COUPONS . ' ours LEFT JOIN tkupon ON kKupon = coupon
                WHERE coupon IN ' . In::ids($ids) . ' ORDER BY coupon',
        );
        $redemptions = $this->redemptions($ids);
        $coupons     = [];
        foreach ($rows as $row) {
            $id           = (int)$row['coupon'];
            $coupons[$id] = [
                'id'          => (string)$id,
                'code'        => (string)$row['code'],
                'mark'        => (string)$row['mark'],
                'customer_id' => $row['customer'] === null ? null : (string)$row['customer'],
                'bound'       => (string)$row['bound'],
                'title'       => (string)$row['title'],
                ...$this->terms($row),
                'used'        => (int)($row['nVerwendungenBisher'] ?? \count($redemptions[$id] ?? [])),
                'redemptions' => $redemptions[$id] ?? [],
            ];
        }

        return $coupons;
    }

    /**
     * @param list<string> $codes
     * @return list<int>
     */
    public function idsOf(array $codes): array
    {
        [$list, $params] = In::list($codes);
        $rows            = $this->database->rows(
            'SELECT coupon FROM ' . Tables::COUPONS . ' WHERE code IN ' . $list . ' ORDER BY coupon',
            $params,
        );

        return \array_map('intval', \array_column($rows, 'coupon'));
    }

    /**
     * What the merchant may have edited since is the shop's; of a deleted coupon we know what we made.
     *
     * @param array<string, mixed> $row
     * @return array<string, mixed>
     */
    private function terms(array $row): array
    {
        $isDeleted  = $row['kKupon'] === null;
        $isShipping = $isDeleted
            ? $row['percentage'] === null && $row['amount'] === null
            : $row['cKuponTyp'] === 'versandkupon';
        $isPercent  = $isDeleted ? $row['percentage'] !== null : $row['cWertTyp'] === 'prozent';
        $value      = (float)($row['fWert'] ?? $row['percentage'] ?? $row['amount']);

        return [
            'percent'       => $isPercent && !$isShipping ? $value : null,
            'amount'        => $isPercent || $isShipping ? null : $value,
            'free_shipping' => $isShipping,
            'minimum'       => (float)($row['fMindestbestellwert'] ?? $row['minimum']),
            'starts'        => Times::iso(self::time($row['starts']) ?? $this->times->fromShop($row['dGueltigAb'])),
            'ends'          => Times::iso($isDeleted ? self::time($row['ends']) : $this->times->fromShop($row['dGueltigBis'])),
            'active'        => !$isDeleted && $row['cAktiv'] === 'Y',
            'deleted'       => $isDeleted,
        ];
    }

    /**
     * @param list<int> $ids
     * @return array<int, list<array<string, mixed>>>
     */
    private function redemptions(array $ids): array
    {
        $rows        = $this->database->rows(
            'SELECT used.kKupon, used.kBestellung, used.kKunde, used.cBestellNr, used.fKuponwertBrutto, used.dErstellt,
                tbestellung.cStatus
                FROM tkuponbestellung used LEFT JOIN tbestellung ON tbestellung.kBestellung = used.kBestellung
                WHERE used.kKupon IN ' . In::ids($ids) . ' ORDER BY used.kKupon, used.kBestellung',
        );
        $redemptions = [];
        foreach ($rows as $row) {
            $redemptions[(int)$row['kKupon']][] = [
                'order_id'    => (string)$row['kBestellung'],
                'number'      => (string)$row['cBestellNr'],
                'customer_id' => (int)$row['kKunde'] > 0 ? (string)$row['kKunde'] : null,
                'value'       => (float)$row['fKuponwertBrutto'],
                'at'          => Times::iso($this->times->fromDatabase($row['dErstellt'])),
                'cancelled'   => $row['cStatus'] !== null && (int)$row['cStatus'] === -1,
            ];
        }

        return $redemptions;
    }

    private static function time(mixed $value): ?int
    {
        return $value === null ? null : (int)$value;
    }
}
