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
     * @return list<string>
     */
    public function articles(Change $change): array
    {
        $wanted  = $this->texts($change, 'products');
        $numbers = [];
        foreach ($wanted as $id) {
            $found = \preg_match('/^[1-9]\d{0,9}$/D', $id) === 1 ? $this->numbersOf((int)$id) : [];
            if ($found === []) {
                throw new Refusal('product-unknown', 'The shop has no product ' . $id . ' with an article number.');
            }
            \array_push($numbers, ...$found);
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

    /** @return list<string> */
    private function numbersOf(int $id): array
    {
        $rows = $this->database->rows(
            'SELECT cArtNr FROM tartikel WHERE kArtikel IN ' . In::ids([$id]) . ' OR kVaterArtikel IN ' . In::ids([$id])
            . ' ORDER BY kArtikel',
        );

        return \array_values(\array_filter(\array_map('strval', \array_column($rows, 'cArtNr'))));
    }

    private static function fold(mixed $name): string
    {
        return \mb_convert_case(\trim((string)$name), \MB_CASE_FOLD);
    }
}
