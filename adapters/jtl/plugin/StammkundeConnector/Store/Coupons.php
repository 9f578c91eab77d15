<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Store;

use Plugin\StammkundeConnector\Contract\CouponTerms;
use Plugin\StammkundeConnector\Contract\Database;

/**
 * Which coupons of the shop are ours, and whose. What a coupon is worth now stands in the shop's own table.
 */
final class Coupons
{
    private const MARK = '/\[(sk:[^:\[\]\s]+:[^:\[\]\s]+:\d+)\]\s*$/';

    public function __construct(private readonly Database $database)
    {
    }

    /** @return array<string, mixed>|null */
    public function byMark(string $mark): ?array
    {
        return $this->database->row('SELECT * FROM ' . Tables::COUPONS . ' WHERE mark = :mark', ['mark' => $mark]);
    }

    /** @return array<string, mixed>|null */
    public function byCode(string $code): ?array
    {
        return $this->database->row('SELECT * FROM ' . Tables::COUPONS . ' WHERE code = :code', ['code' => $code]);
    }

    public function add(int $id, string $mark, CouponTerms $terms, int $starts, int $ends, string $run, int $now): void
    {
        $this->insert([
            'coupon'     => $id,
            'mark'       => $mark,
            'code'       => $terms->code,
            'customer'   => $terms->customerId,
            'bound'      => $terms->customerId === null ? 'anyone' : 'customer',
            'title'      => $terms->title,
            'percentage' => $terms->percent,
            'amount'     => $terms->amount,
            'minimum'    => $terms->minimum,
            'starts'     => $starts,
            'ends'       => $ends,
            'run'        => $run,
            'created'    => $now,
        ]);
    }

    public function setEnd(int $id, int $ends): void
    {
        $this->database->run(
            'UPDATE ' . Tables::COUPONS . ' SET ends = :ends WHERE coupon = :id',
            ['ends' => $ends, 'id' => $id],
        );
    }

    public function setDisabled(int $id, int $now): void
    {
        $this->database->run(
            'UPDATE ' . Tables::COUPONS . ' SET disabled = :now WHERE coupon = :id AND disabled IS NULL',
            ['now' => $now, 'id' => $id],
        );
    }

    /**
     * After an uninstall that deleted our tables, our coupons are still in the shop, with their mark at the end of
     * their internal name. Where a coupon was copied in the backend, the older one keeps the mark.
     *
     * @return int how many were found
     */
    public function adopt(int $now): int
    {
        $found = 0;
        $rows  = $this->database->rows(
            "SELECT kKupon, cName, cCode, cKunden, cKuponTyp, cWertTyp, fWert, fMindestbestellwert FROM tkupon
                WHERE cName LIKE '%[sk:%' AND kKupon NOT IN (SELECT coupon FROM " . Tables::COUPONS . ')
                ORDER BY kKupon',
        );
        foreach ($rows as $row) {
            $isOurs = \preg_match(self::MARK, (string)$row['cName'], $hits) === 1;
            if (!$isOurs || $this->byMark($hits[1]) !== null || $this->byCode((string)$row['cCode']) !== null) {
                continue;
            }
            $this->insert($this->adopted($row, $hits[1], $now));
            $found++;
        }

        return $found;
    }

    /**
     * @param array<string, mixed> $row
     * @return array<string, int|float|string|null>
     */
    private function adopted(array $row, string $mark, int $now): array
    {
        $customer  = (int)\trim((string)$row['cKunden'], ';');
        $isPercent = $row['cWertTyp'] === 'prozent';
        $isMoney   = !$isPercent && $row['cKuponTyp'] === 'standard';

        return [
            'coupon'     => (int)$row['kKupon'],
            'mark'       => $mark,
            'code'       => (string)$row['cCode'],
            'customer'   => $customer > 0 ? $customer : null,
            'bound'      => $customer > 0 ? 'customer' : 'anyone',
            'title'      => \html_entity_decode(\trim((string)\preg_replace(self::MARK, '', (string)$row['cName']))),
            'percentage' => $isPercent ? (float)$row['fWert'] : null,
            'amount'     => $isMoney ? (float)$row['fWert'] : null,
            'minimum'    => (float)$row['fMindestbestellwert'],
            'starts'     => null,
            'ends'       => null,
            'run'        => 'adopted',
            'created'    => $now,
        ];
    }

    /** @param array<string, int|float|string|null> $row */
    private function insert(array $row): void
    {
        $names = \array_keys($row);
        $this->database->run(
            'INSERT INTO ' . Tables::COUPONS . ' (' . \implode(', ', $names) . ')
                VALUES (:' . \implode(', :', $names) . ')',
            $row,
        );
    }
}
