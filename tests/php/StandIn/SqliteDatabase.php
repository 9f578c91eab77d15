<?php

declare(strict_types=1);

namespace Stammkunde\Tests\StandIn;

use PDO;
use PDOStatement;
use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Store\Tables;
use Throwable;

/**
 * A shop's database in memory. Statements that only MariaDB understands fail here, which is meant.
 */
final class SqliteDatabase implements Database
{
    /** Whether another process holds the lock of changes. */
    public bool $isTaken = false;

    private PDO $pdo;

    public function __construct()
    {
        $this->pdo = new PDO('sqlite::memory:', null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
        $this->pdo->exec((string)\file_get_contents(__DIR__ . '/schema.sql'));
        foreach (Tables::definitions() as $statements) {
            foreach ($statements as $statement) {
                $this->pdo->exec($statement);
            }
        }
    }

    public function rows(string $sql, array $params = []): array
    {
        // The shop's driver may give numbers as text.
        return \array_map(
            static fn(array $row): array => \array_map(
                static fn(mixed $value): ?string => $value === null ? null : (string)$value,
                $row,
            ),
            $this->execute($sql, $params)->fetchAll(PDO::FETCH_ASSOC),
        );
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
        $this->pdo->beginTransaction();
        try {
            $result = $work();
            $this->pdo->commit();

            return $result;
        } catch (Throwable $error) {
            $this->pdo->rollBack();
            throw $error;
        }
    }

    public function lock(string $name, int $seconds): bool
    {
        return !$this->isTaken;
    }

    public function unlock(string $name): void
    {
    }

    public function isLocked(string $name): bool
    {
        return $this->isTaken;
    }

    /** @param array<string, int|float|string|null> $row */
    public function insert(string $table, array $row): int
    {
        $names = \array_keys($row);
        $this->run(
            'INSERT INTO ' . $table . ' (' . \implode(', ', $names) . ') VALUES (:' . \implode(', :', $names) . ')',
            $row,
        );

        return (int)$this->pdo->lastInsertId();
    }

    /** @param array<string, int|float|string|null> $params */
    private function execute(string $sql, array $params): PDOStatement
    {
        // MariaDB's native statements take each name once; SQLite would not mind.
        \preg_match_all('/:([a-z]\w*)/', $sql, $names);
        if (\count($names[1]) !== \count($params) || \array_diff($names[1], \array_keys($params)) !== []) {
            throw new \LogicException('Parameters do not fit: ' . $sql);
        }
        $statement = $this->pdo->prepare($sql);
        $statement->execute($params);

        return $statement;
    }
}
