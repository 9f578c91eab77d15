<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Admin;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Read\Customers;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tables;
use Plugin\StammkundeConnector\Store\Tags;

/**
 * Customers with a tag or a code, as the backend tab lists them.
 */
final class People
{
    public const PAGE = 50;

    public function __construct(private readonly Database $database, private readonly Customers $customers)
    {
    }

    /**
     * @return array{people: list<array<string, mixed>>, total: int}
     */
    public function page(string $search, string $tag, int $page): array
    {
        [$condition, $params] = $this->condition(\trim($search), $tag);
        $total = (int)$this->database->value('SELECT COUNT(*) FROM tkunde WHERE ' . $condition, $params);
        $rows  = $this->database->rows(
            'SELECT kKunde FROM tkunde WHERE ' . $condition
            . ' ORDER BY kKunde LIMIT ' . self::PAGE . ' OFFSET ' . ($page * self::PAGE),
            $params,
        );
        $ids   = \array_map('intval', \array_column($rows, 'kKunde'));
        $codes = $this->codes($ids);

        return [
            'people' => \array_map(
                static fn(array $customer): array => [...$customer, 'codes' => $codes[(int)$customer['id']] ?? []],
                \array_values($this->customers->of($ids)),
            ),
            'total'  => $total,
        ];
    }

    /** @return array{string, array<string, string>} */
    private function condition(string $search, string $tag): array
    {
        $ours      = '(EXISTS (SELECT 1 FROM ' . Tables::TAGS . ' t WHERE t.customer = kKunde)
            OR EXISTS (SELECT 1 FROM ' . Tables::COUPONS . ' c WHERE c.customer = kKunde))';
        $condition = $ours;
        $params    = [];
        if ($tag !== '') {
            $condition     .= ' AND EXISTS (SELECT 1 FROM ' . Tables::TAGS . ' t
                WHERE t.customer = kKunde AND t.folded = :tag)';
            $params['tag'] = Tags::fold($tag);
        }
        if ($search !== '') {
            // Surnames are encrypted in the database and cannot be searched.
            $condition .= ' AND (cMail LIKE :mail ESCAPE \'!\' OR cVorname LIKE :name ESCAPE \'!\' OR cKundenNr = :number
                OR EXISTS (SELECT 1 FROM ' . Tables::TAGS . ' t WHERE t.customer = kKunde AND t.folded LIKE :part ESCAPE \'!\')
                OR EXISTS (SELECT 1 FROM ' . Tables::COUPONS . ' c WHERE c.customer = kKunde AND c.code = :code))';
            $like       = '%' . \str_replace(['!', '%', '_'], ['!!', '!%', '!_'], $search) . '%';
            $params    += [
                'mail'   => $like,
                'name'   => $like,
                'number' => $search,
                'part'   => Tags::fold($like),
                'code'   => \strtoupper($search),
            ];
        }

        return [$condition, $params];
    }

    /**
     * @param list<int> $customers
     * @return array<int, list<array{code: string, state: string}>>
     */
    private function codes(array $customers): array
    {
        $rows  = $this->database->rows(
            'SELECT customer, code, kKupon, cAktiv, nVerwendungenBisher, nVerwendungen
                FROM ' . Tables::COUPONS . ' LEFT JOIN tkupon ON kKupon = coupon
                WHERE customer IN ' . In::ids($customers) . ' ORDER BY coupon DESC',
        );
        $codes = [];
        foreach ($rows as $row) {
            $codes[(int)$row['customer']][] = ['code' => (string)$row['code'], 'state' => self::state($row)];
        }

        return $codes;
    }

    /** @param array<string, mixed> $row */
    private static function state(array $row): string
    {
        return match (true) {
            $row['kKupon'] === null               => 'deleted',
            (int)$row['nVerwendungenBisher'] > 0  => 'redeemed',
            $row['cAktiv'] !== 'Y'                => 'off',
            default                               => 'open',
        };
    }
}
