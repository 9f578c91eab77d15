<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Contract;

/**
 * The shop's database. Parameters are always bound; SQL is never put together from what a caller sent.
 */
interface Database
{
    /**
     * @param array<string, int|float|string|null> $params
     * @return list<array<string, mixed>>
     */
    public function rows(string $sql, array $params = []): array;

    /**
     * @param array<string, int|float|string|null> $params
     * @return array<string, mixed>|null the first row
     */
    public function row(string $sql, array $params = []): ?array;

    /**
     * @param array<string, int|float|string|null> $params
     * @return mixed the first column of the first row, or null
     */
    public function value(string $sql, array $params = []): mixed;

    /**
     * @param array<string, int|float|string|null> $params
     * @return int rows affected
     */
    public function run(string $sql, array $params = []): int;

    /**
     * Everything that `$work` does, or nothing of it.
     *
     * @template T
     * @param callable(): T $work
     * @return T
     */
    public function transaction(callable $work): mixed;

    /** Wait for a lock that the database gives back by itself when this connection ends. */
    public function lock(string $name, int $seconds): bool;

    public function unlock(string $name): void;

    public function isLocked(string $name): bool;
}
