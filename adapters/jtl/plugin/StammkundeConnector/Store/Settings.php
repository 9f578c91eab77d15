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
    private const HOOK_ADDRESS   = 'webhook_address';
    private const HOOK_SECRET    = 'webhook_secret';
    private const HOOK_TROUBLE   = 'webhook_trouble';

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

    /** Where changes are told, or null while that is switched off. */
    public function webhookAddress(): ?string
    {
        $address = $this->get(self::HOOK_ADDRESS);

        return $address === '' ? null : $address;
    }

    public function setWebhookAddress(string $address): void
    {
        $this->set(self::HOOK_ADDRESS, $address);
    }

    /** The secret as the shop encrypts it: a copy of the database alone does not give it away. */
    public function webhookSecret(): ?string
    {
        return $this->get(self::HOOK_SECRET);
    }

    public function setWebhookSecret(string $encrypted): void
    {
        $this->set(self::HOOK_SECRET, $encrypted);
    }

    /** @return array{since?: int, failures?: int, until?: int, status?: int} */
    public function webhookTrouble(): array
    {
        $trouble = \json_decode($this->get(self::HOOK_TROUBLE) ?? '[]', true);

        return \is_array($trouble) ? $trouble : [];
    }

    /** @param array{since?: int, failures?: int, until?: int, status?: int} $trouble */
    public function setWebhookTrouble(array $trouble): void
    {
        $this->set(self::HOOK_TROUBLE, (string)\json_encode($trouble));
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
