<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Database;

/**
 * The customers that changes are about.
 */
final class People
{
    public function __construct(private readonly Database $database)
    {
    }

    /** @return array{group: int, registered: bool} */
    public function require(int $id): array
    {
        $row = $this->database->row(
            'SELECT kKundengruppe, nRegistriert FROM tkunde WHERE kKunde = :id',
            ['id' => $id],
        );
        if ($row === null) {
            throw new Refusal('customer-unknown', 'There is no customer with the id ' . $id . '.');
        }

        return ['group' => (int)$row['kKundengruppe'], 'registered' => (int)$row['nRegistriert'] === 1];
    }
}
