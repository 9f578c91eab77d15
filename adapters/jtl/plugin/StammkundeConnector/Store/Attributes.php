<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Store;

use Plugin\StammkundeConnector\Contract\Database;

/**
 * Named values on a customer, such as the code that the account page shows.
 */
final class Attributes
{
    public const MAX_LENGTH = 255;

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * @param list<int> $customers
     * @return array<int, array<string, string>>
     */
    public function of(array $customers): array
    {
        $rows = $this->database->rows(
            'SELECT customer, name, content FROM ' . Tables::ATTRIBUTES
            . ' WHERE customer IN ' . In::ids($customers) . ' ORDER BY customer, name',
        );
        $attributes = [];
        foreach ($rows as $row) {
            $attributes[(int)$row['customer']][(string)$row['name']] = (string)$row['content'];
        }

        return $attributes;
    }

    /** @return bool whether anything changed */
    public function set(int $customer, string $name, string $value, string $run, int $now): bool
    {
        if (($this->of([$customer])[$customer][$name] ?? null) === $value) {
            return false;
        }
        $this->database->run(
            'REPLACE INTO ' . Tables::ATTRIBUTES . ' (customer, name, content, run, created)
                VALUES (:customer, :name, :content, :run, :now)',
            ['customer' => $customer, 'name' => $name, 'content' => $value, 'run' => $run, 'now' => $now],
        );

        return true;
    }

    /** @return bool whether there was one. With `$ifHolds` it is removed only while it has that value. */
    public function remove(int $customer, string $name, ?string $ifHolds = null): bool
    {
        if ($ifHolds !== null && ($this->of([$customer])[$customer][$name] ?? null) !== $ifHolds) {
            return false;
        }

        return $this->database->run(
            'DELETE FROM ' . Tables::ATTRIBUTES . ' WHERE customer = :customer AND name = :name',
            ['customer' => $customer, 'name' => $name],
        ) > 0;
    }
}
