<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Access;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * API keys, `skj_<id>_<secret>`. Only a hash is stored. The secret has 176 random bits, so a plain SHA-256 is enough:
 * there is no dictionary to try.
 */
final class Keys
{
    public const SCOPES = ['read', 'tags', 'coupons', 'groups'];

    private const SHAPE   = '/^skj_([0-9a-f]{8})_[0-9a-f]{44}$/D';
    private const NOTHING = 'd7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592';

    public function __construct(private readonly Database $database)
    {
    }

    /**
     * @param list<string> $scopes
     * @return string the key; it is not stored and cannot be shown again
     */
    public function create(string $name, array $scopes, int $now): string
    {
        $id  = \bin2hex(\random_bytes(4));
        $key = 'skj_' . $id . '_' . \bin2hex(\random_bytes(22));
        $this->database->run(
            'INSERT INTO ' . Tables::KEYS . ' (id, name, hash, scopes, created, used)
                VALUES (:id, :name, :hash, :scopes, :now, NULL)',
            [
                'id'     => $id,
                'name'   => \mb_substr($name, 0, 100),
                'hash'   => \hash('sha256', $key),
                'scopes' => \implode(' ', \array_values(\array_intersect(self::SCOPES, $scopes))),
                'now'    => $now,
            ],
        );

        return $key;
    }

    /** The key if it is one of ours. An unknown id costs the same comparison as a wrong secret. */
    public function recognise(string $text, int $now): ?Key
    {
        $isShaped = \preg_match(self::SHAPE, $text, $hits) === 1;
        $row      = $isShaped ? $this->row($hits[1]) : null;
        $isRight  = \hash_equals((string)($row['hash'] ?? self::NOTHING), \hash('sha256', $text));
        if ($row === null || !$isRight) {
            return null;
        }
        // To the hour is exact enough for "last used", and spares a write per request.
        if ($now - (int)$row['used'] >= 3600) {
            $this->database->run(
                'UPDATE ' . Tables::KEYS . ' SET used = :now WHERE id = :id',
                ['now' => $now, 'id' => $row['id']],
            );
        }

        return new Key(
            (string)$row['id'],
            (string)$row['name'],
            \array_values(\array_filter(\explode(' ', (string)$row['scopes']))),
        );
    }

    public function revoke(string $id): void
    {
        $this->database->run('DELETE FROM ' . Tables::KEYS . ' WHERE id = :id', ['id' => $id]);
    }

    /** @return list<array<string, mixed>> */
    public function all(): array
    {
        return $this->database->rows(
            'SELECT id, name, scopes, created, used FROM ' . Tables::KEYS . ' ORDER BY created, id',
        );
    }

    /** @return array<string, mixed>|null */
    private function row(string $id): ?array
    {
        return $this->database->row('SELECT * FROM ' . Tables::KEYS . ' WHERE id = :id', ['id' => $id]);
    }
}
