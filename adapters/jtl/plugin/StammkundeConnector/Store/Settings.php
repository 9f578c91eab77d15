<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Store;

use Plugin\StammkundeConnector\Contract\Database;

/**
 * What the owner set in the backend tab, and who writes to this shop.
 */
final class Settings
{
    private const MOVABLE_GROUPS = 'movable_groups';
    private const SHOW_CODE      = 'show_code';
    private const INSTALLATION   = 'installation';

    public function __construct(private readonly Database $database)
    {
    }

    /** @return list<int> ids of the customer groups between which customers may be moved */
    public function movableGroups(): array
    {
        return \array_map('intval', \array_filter(\explode(',', $this->get(self::MOVABLE_GROUPS) ?? '')));
    }

    /** @param list<int> $ids */
    public function setMovableGroups(array $ids): void
    {
        $this->set(self::MOVABLE_GROUPS, \implode(',', \array_map('intval', $ids)));
    }

    public function showsCode(): bool
    {
        return $this->get(self::SHOW_CODE) === 'yes';
    }

    public function setShowsCode(bool $shows): void
    {
        $this->set(self::SHOW_CODE, $shows ? 'yes' : 'no');
    }

    /** The one installation of Stammkunde that writes to this shop, or null as long as none has. */
    public function installation(): ?string
    {
        return $this->get(self::INSTALLATION);
    }

    public function setInstallation(string $id): void
    {
        $this->set(self::INSTALLATION, $id);
    }

    public function releaseInstallation(): void
    {
        $this->database->run(
            'DELETE FROM ' . Tables::SETTINGS . ' WHERE name = :name',
            ['name' => self::INSTALLATION],
        );
    }

    private function get(string $name): ?string
    {
        $value = $this->database->value(
            'SELECT content FROM ' . Tables::SETTINGS . ' WHERE name = :name',
            ['name' => $name],
        );

        return $value === null ? null : (string)$value;
    }

    private function set(string $name, string $value): void
    {
        $this->database->run(
            'REPLACE INTO ' . Tables::SETTINGS . ' (name, content) VALUES (:name, :content)',
            ['name' => $name, 'content' => $value],
        );
    }
}
