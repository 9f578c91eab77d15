<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Store\In;

/**
 * What a coupon is good for, in the numbers that the shop's coupon class compares.
 */
final class CouponGoods
{
    private const MOST = 200;

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * The article numbers of these products and of all their variations: only a variation lies in a basket.
     *
     * Where categories are given, only of what stands in one of them. The shop itself would also take the coupon
     * for a basket with one product that fits and another in a category that fits, and use it up for nothing.
     *
     * @param list<int> $categories
     * @return list<string> none: the change names no products
     */
    public function articles(Change $change, array $categories): array
    {
        $wanted  = $this->texts($change, 'products');
        $numbers = [];
        foreach ($wanted as $id) {
            $found = \preg_match('/^[1-9]\d{0,9}$/D', $id) === 1 ? $this->numbersOf((int)$id) : [];
            if ($found === []) {
                throw new Refusal('product-unknown', 'The shop has no product ' . $id . ' with an article number.');
            }
            \array_push($numbers, ...($categories === [] ? $found : $this->numbersOf((int)$id, $categories)));
        }
        if ($wanted !== [] && $numbers === []) {
            throw new Refusal('goods-disjoint', 'None of these products is in one of these categories.');
        }
        foreach ($numbers as $number) {
            // The shop's own comparison splits at ; and , and takes % for a wildcard.
            if (\strpbrk($number, ';,%') !== false) {
                throw new Refusal('product-invalid', 'The shop cannot tie a coupon to article number ' . $number . '.');
            }
        }

        return \array_values(\array_unique($numbers));
    }

    /**
     * The ids of these categories, by name regardless of case, and of all below them: a product is compared with
     * the categories it stands in itself.
     *
     * @return list<int>
     */
    public function categories(Change $change): array
    {
        $wanted = $this->texts($change, 'categories');
        if ($wanted === []) {
            return [];
        }
        $tree = $this->database->rows('SELECT kKategorie, cName, kOberKategorie FROM tkategorie');
        $ids  = [];
        foreach ($wanted as $name) {
            $named = \array_filter($tree, static fn(array $row): bool => self::fold($row['cName']) === self::fold($name));
            if ($named === []) {
                throw new Refusal('category-unknown', 'The shop has no category "' . $name . '".');
            }
            foreach ($named as $row) {
                $ids[(int)$row['kKategorie']] = true;
            }
        }
        do {
            $count = \count($ids);
            foreach ($tree as $row) {
                if (isset($ids[(int)$row['kOberKategorie']])) {
                    $ids[(int)$row['kKategorie']] = true;
                }
            }
        } while (\count($ids) > $count);
        \ksort($ids);

        return \array_keys($ids);
    }

    /**
     * Every country that the shop sends to.
     *
     * @return list<string>
     */
    public function countries(): array
    {
        $codes = [];
        foreach ($this->database->rows('SELECT cLaender FROM tversandart') as $row) {
            \preg_match_all('/\b[A-Z]{2}\b/', (string)$row['cLaender'], $hits);
            \array_push($codes, ...$hits[0]);
        }
        $codes = \array_values(\array_unique($codes));
        \sort($codes);
        if ($codes === []) {
            throw new Refusal('no-shipping', 'The shop has no shipping method, so there is none to be free.');
        }

        return $codes;
    }

    /** @return list<string> */
    private function texts(Change $change, string $name): array
    {
        $texts = $change->texts($name);
        if (\count($texts) > self::MOST) {
            throw new Refusal('field-invalid', 'The field ' . $name . ' names more than ' . self::MOST . '.');
        }

        return $texts;
    }

    /**
     * @param list<int>|null $categories only in one of these; a variation is in those of its parent
     * @return list<string>
     */
    private function numbersOf(int $id, ?array $categories = null): array
    {
        $ids    = In::ids([$id]);
        $within = $categories === null ? '' : ' AND COALESCE(NULLIF(kVaterArtikel, 0), kArtikel) IN'
            . ' (SELECT kArtikel FROM tkategorieartikel WHERE kKategorie IN ' . In::ids($categories) . ')';
        $rows   = $this->database->rows(
            'SELECT cArtNr FROM tartikel WHERE (kArtikel IN ' . $ids . ' OR kVaterArtikel IN ' . $ids . ')' . $within
            . ' ORDER BY kArtikel',
        );

        return \array_values(\array_filter(\array_map('strval', \array_column($rows, 'cArtNr'))));
    }

    private static function fold(mixed $name): string
    {
        return \mb_convert_case(\trim((string)$name), \MB_CASE_FOLD);
    }
}
