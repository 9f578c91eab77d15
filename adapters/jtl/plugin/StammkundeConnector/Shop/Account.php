<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Shop;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * What a customer sees and may do with our codes.
 */
final class Account
{
    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Times $times,
    ) {
    }

    /**
     * Open codes that were put on this customer for the account page. Only what still is a coupon of ours that can
     * be redeemed is shown, whatever else the attribute may hold.
     *
     * @return list<array{code: string, title: string, ends: string}> `ends` as a day in the shop's time zone
     */
    public function openCodes(int $customer): array
    {
        $rows = $this->database->rows(
            'SELECT ours.code, ours.title, dGueltigAb, dGueltigBis
                FROM ' . Tables::ATTRIBUTES . ' placed
                JOIN ' . Tables::COUPONS . ' ours ON ours.code = placed.content
                JOIN tkupon ON kKupon = ours.coupon
                WHERE placed.customer = :customer AND (ours.customer IS NULL OR ours.customer = :same)
                AND cAktiv = \'Y\' AND (nVerwendungen = 0 OR nVerwendungenBisher < nVerwendungen)
                ORDER BY dGueltigBis, ours.coupon',
            ['customer' => $customer, 'same' => $customer],
        );
        $now  = $this->shop->now();
        $open = [];
        foreach ($rows as $row) {
            $ends = $this->times->fromShop($row['dGueltigBis']);
            if ($this->times->fromShop($row['dGueltigAb']) > $now || $ends === null || $ends <= $now) {
                continue;
            }
            $open[] = [
                'code'  => (string)$row['code'],
                'title' => (string)$row['title'],
                'ends'  => \substr($this->times->inShop($ends), 0, 10),
            ];
        }

        return $open;
    }

    /**
     * Whether this code is ours and meant for somebody else. The shop itself looks for "2;" in "12;" and would let
     * customer 2 redeem what is meant for customer 12.
     */
    public function isForAnother(string $code, int $customer): bool
    {
        $row = $this->database->row(
            'SELECT customer FROM ' . Tables::COUPONS . " WHERE code = :code AND bound = 'customer'",
            ['code' => \strtoupper(\trim($code))],
        );

        return $row !== null && (int)$row['customer'] !== $customer;
    }
}
