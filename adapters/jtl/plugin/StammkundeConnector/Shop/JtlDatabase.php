<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Shop;

use JTL\DB\DbInterface;
use PDO;
use PDOStatement;
use Plugin\StammkundeConnector\Contract\Database;
use Throwable;

/**
 * The shop's database, through the shop's own connection.
 */
final class JtlDatabase implements Database
{
    public function __construct(private readonly DbInterface $shop)
    {
    }

    public function rows(string $sql, array $params = []): array
    {
        return $this->execute($sql, $params)->fetchAll(PDO::FETCH_ASSOC);
    }

    public function row(string $sql, array $params = []): ?array
    {
        return $this->rows($sql, $params)[0] ?? null;
    }

    public function value(string $sql, array $params = []): mixed
    {
        $row = $this->row($sql, $params);

        return $row === null ? null : \reset($row);
    }

    public function run(string $sql, array $params = []): int
    {
        return $this->execute($sql, $params)->rowCount();
    }

    public function transaction(callable $work): mixed
    {
        $this->shop->beginTransaction();
        try {
            $result = $work();
            $this->shop->commit();

            return $result;
        } catch (Throwable $error) {
            $this->shop->rollback();
            throw $error;
        }
    }

    public function lock(string $name, int $seconds): bool
    {
        $got = $this->value('SELECT GET_LOCK(:name, :seconds)', [
            'name'    => $this->lockName($name),
            'seconds' => $seconds,
        ]);

        return (int)$got === 1;
    }

    public function unlock(string $name): void
    {
        $this->value('SELECT RELEASE_LOCK(:name)', ['name' => $this->lockName($name)]);
    }

    public function isLocked(string $name): bool
    {
        return $this->value('SELECT IS_USED_LOCK(:name)', ['name' => $this->lockName($name)]) !== null;
    }

    /** Names of locks are shared by all databases of a server. */
    private function lockName(string $name): string
    {
        return 'sk_' . \md5($this->value('SELECT DATABASE()') . ' ' . $name);
    }

    /** @param array<string, int|float|string|null> $params */
    private function execute(string $sql, array $params): PDOStatement
    {
        $statement = $this->shop->getPDO()->prepare($sql);
        foreach ($params as $name => $value) {
            $type = match (true) {
                $value === null => PDO::PARAM_NULL,
                \is_int($value) => PDO::PARAM_INT,
                default         => PDO::PARAM_STR,
            };
            $statement->bindValue(':' . $name, $value, $type);
        }
        $statement->execute();

        return $statement;
    }
}
