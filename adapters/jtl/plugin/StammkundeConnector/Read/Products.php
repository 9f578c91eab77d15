<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Store\In;

/**
 * Products as the API gives them: parents and single products, with the article numbers of all their variations.
 */
final class Products
{
    /** @var array<int, array{name: string, parent: int}>|null */
    private ?array $categories = null;

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * @param list<int> $ids
     * @return array<int, array<string, mixed>> by id
     */
    public function of(array $ids): array
    {
        $list       = In::ids($ids);
        $rows       = $this->database->rows(
            'SELECT kArtikel, tartikel.cName AS name, cArtNr, thersteller.cName AS manufacturer
                FROM tartikel LEFT JOIN thersteller ON thersteller.kHersteller = tartikel.kHersteller
                WHERE kVaterArtikel = 0 AND kArtikel IN ' . $list . ' ORDER BY kArtikel',
        );
        $numbers    = $this->grouped(
            'SELECT kVaterArtikel AS id, cArtNr AS value FROM tartikel
                WHERE kVaterArtikel IN ' . $list . ' ORDER BY kVaterArtikel, kArtikel',
        );
        $categories = $this->grouped(
            'SELECT kArtikel AS id, kKategorie AS value FROM tkategorieartikel
                WHERE kArtikel IN ' . $list . ' ORDER BY kArtikel, kKategorie',
        );
        $products   = [];
        foreach ($rows as $row) {
            $id            = (int)$row['kArtikel'];
            $number        = (string)$row['cArtNr'];
            $products[$id] = [
                'id'           => (string)$id,
                'name'         => (string)$row['name'],
                'sku'          => $number,
                'skus'         => \array_values(\array_unique(\array_filter([$number, ...$numbers[$id] ?? []]))),
                'manufacturer' => $row['manufacturer'] === null ? null : (string)$row['manufacturer'],
                'categories'   => $this->categoryNames($categories[$id] ?? []),
            ];
        }

        return $products;
    }

    /** @return array<int, list<string>> */
    private function grouped(string $sql): array
    {
        $grouped = [];
        foreach ($this->database->rows($sql) as $row) {
            $grouped[(int)$row['id']][] = (string)$row['value'];
        }

        return $grouped;
    }

    /**
     * The names of these categories and of those above them: who bought a scarf bought fashion.
     *
     * @param list<string> $ids
     * @return list<string>
     */
    private function categoryNames(array $ids): array
    {
        $tree  = $this->categories();
        $names = [];
        foreach ($ids as $id) {
            $seen = [];
            for ($at = (int)$id; isset($tree[$at]) && !isset($seen[$at]); $at = $tree[$at]['parent']) {
                $seen[$at] = true;
                $names[$tree[$at]['name']] = true;
            }
        }

        return \array_map('strval', \array_keys($names));
    }

    /** @return array<int, array{name: string, parent: int}> */
    private function categories(): array
    {
        if ($this->categories === null) {
            $this->categories = [];
            foreach ($this->database->rows('SELECT kKategorie, cName, kOberKategorie FROM tkategorie') as $row) {
                $this->categories[(int)$row['kKategorie']] = [
                    'name'   => (string)$row['cName'],
                    'parent' => (int)$row['kOberKategorie'],
                ];
            }
        }

        return $this->categories;
    }
}
