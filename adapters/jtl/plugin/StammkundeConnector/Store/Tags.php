<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Store;

use Plugin\StammkundeConnector\Contract\Database;

/**
 * Tags of customers. JTL-Shop has none: its own customer fields show on the registration page and in the account.
 */
final class Tags
{
    public const MAX_LENGTH       = 100;
    public const MAX_PER_CUSTOMER = 250;

    public function __construct(private readonly Database $database)
    {
    }

    /** Two tags are one if they differ in case only. */
    public static function fold(string $tag): string
    {
        return \mb_convert_case($tag, \MB_CASE_FOLD, 'UTF-8');
    }

    /**
     * @param list<int> $customers
     * @return array<int, list<string>>
     */
    public function of(array $customers): array
    {
        $rows = $this->database->rows(
            'SELECT customer, tag FROM ' . Tables::TAGS
            . ' WHERE customer IN ' . In::ids($customers) . ' ORDER BY customer, folded',
        );
        $tags = [];
        foreach ($rows as $row) {
            $tags[(int)$row['customer']][] = (string)$row['tag'];
        }

        return $tags;
    }

    /** @return bool whether it was new */
    public function add(int $customer, string $tag, string $run, int $now): bool
    {
        $known = $this->database->value(
            'SELECT tag FROM ' . Tables::TAGS . ' WHERE customer = :customer AND folded = :folded',
            ['customer' => $customer, 'folded' => self::fold($tag)],
        );
        if ($known !== null) {
            return false;
        }
        $this->database->run(
            'INSERT INTO ' . Tables::TAGS . ' (customer, folded, tag, run, created)
                VALUES (:customer, :folded, :tag, :run, :now)',
            ['customer' => $customer, 'folded' => self::fold($tag), 'tag' => $tag, 'run' => $run, 'now' => $now],
        );

        return true;
    }

    /** @return bool whether it was there */
    public function remove(int $customer, string $tag): bool
    {
        return $this->database->run(
            'DELETE FROM ' . Tables::TAGS . ' WHERE customer = :customer AND folded = :folded',
            ['customer' => $customer, 'folded' => self::fold($tag)],
        ) > 0;
    }

    /**
     * Customers above `$after` with tags that begin with `$prefix`, one customer each, ascending.
     *
     * @return array<int, list<string>>
     */
    public function page(string $prefix, int $after, int $limit): array
    {
        $params = ['prefix' => self::like($prefix) . '%', 'after' => $after];
        $rows   = $this->database->rows(
            'SELECT DISTINCT customer FROM ' . Tables::TAGS . ' JOIN tkunde ON kKunde = customer
                WHERE folded LIKE :prefix ESCAPE \'!\' AND customer > :after ORDER BY customer LIMIT ' . $limit,
            $params,
        );
        $customers = \array_map('intval', \array_column($rows, 'customer'));
        $folded    = self::fold($prefix);
        $page      = [];
        foreach ($this->of($customers) as $customer => $tags) {
            $page[$customer] = \array_values(
                \array_filter($tags, static fn(string $tag): bool => \str_starts_with(self::fold($tag), $folded)),
            );
        }

        return $page;
    }

    /** @return list<array{tag: string, customers: int}> */
    public function counts(): array
    {
        return \array_map(
            static fn(array $row): array => ['tag' => (string)$row['tag'], 'customers' => (int)$row['customers']],
            $this->database->rows(
                'SELECT MIN(tag) AS tag, COUNT(*) AS customers FROM ' . Tables::TAGS . ' GROUP BY folded ORDER BY folded',
            ),
        );
    }

    private static function like(string $prefix): string
    {
        return \str_replace(['!', '%', '_'], ['!!', '!%', '!_'], self::fold($prefix));
    }
}
