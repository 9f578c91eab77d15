<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Store\Settings;

/**
 * The shop's customer groups, each with whether the owner allows moving customers into and out of it.
 */
final class Groups
{
    public function __construct(private readonly Database $database, private readonly Settings $settings)
    {
    }

    /** @return list<array<string, mixed>> */
    public function all(): array
    {
        return \array_values($this->byId());
    }

    /** @return array<int, array<string, mixed>> */
    public function byId(): array
    {
        $movable = $this->settings->movableGroups();
        $groups  = [];
        $rows    = $this->database->rows('SELECT * FROM tkundengruppe ORDER BY kKundengruppe');
        foreach ($rows as $row) {
            $id          = (int)$row['kKundengruppe'];
            $groups[$id] = [
                'id'         => (string)$id,
                'name'       => (string)$row['cName'],
                'net_prices' => (int)$row['nNettoPreise'] === 1,
                'default'    => $row['cStandard'] === 'Y',
                'discount'   => (float)$row['fRabatt'],
                'movable'    => \in_array($id, $movable, true),
            ];
        }

        return $groups;
    }
}
