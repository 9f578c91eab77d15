<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Attributes;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tags;

/**
 * Customers as the API gives them. Surname and company are encrypted in the database and decrypted by the shop.
 */
final class Customers
{
    /** @var array<string, string|null> */
    private array $regions = [];

    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Newsletter $newsletter,
        private readonly Tags $tags,
        private readonly Attributes $attributes,
        private readonly Groups $groups,
    ) {
    }

    /**
     * @param list<int> $ids
     * @return array<int, array<string, mixed>> by id
     */
    public function of(array $ids): array
    {
        $rows       = $this->database->rows(
            'SELECT kKunde, kKundengruppe, kSprache, cKundenNr, cAnrede, cVorname, cNachname, cFirma, cOrt,
                cBundesland, cLand, cTel, cMobil, cMail, cSperre, dGeburtstag, dErstellt, cAktiv, nRegistriert
                FROM tkunde WHERE kKunde IN ' . In::ids($ids) . ' ORDER BY kKunde',
        );
        $consents   = $this->newsletter->of($rows);
        $tags       = $this->tags->of($ids);
        $attributes = $this->attributes->of($ids);
        $counts     = $this->orderCounts($ids);
        $languages  = $this->shop->languages();
        $groups     = $this->groups->byId();
        $customers  = [];
        foreach ($rows as $row) {
            $id             = (int)$row['kKunde'];
            $group          = $groups[(int)$row['kKundengruppe']] ?? null;
            $customers[$id] = [
                ...$this->person($row),
                'language'    => $languages[(int)$row['kSprache']] ?? null,
                'group_id'    => (string)$row['kKundengruppe'],
                'group'       => $group['name'] ?? null,
                'net_prices'  => $group['net_prices'] ?? false,
                'consent'     => $consents[$id],
                'tags'        => $tags[$id] ?? [],
                // An empty PHP array would become a JSON list.
                'attributes'  => (object)($attributes[$id] ?? []),
                'order_count' => $counts[$id] ?? 0,
            ];
        }

        return $customers;
    }

    /**
     * @param list<string> $emails
     * @return list<int>
     */
    public function idsOfEmails(array $emails): array
    {
        [$list, $params] = In::list($emails);
        $rows            = $this->database->rows(
            'SELECT kKunde FROM tkunde WHERE cMail IN ' . $list . ' ORDER BY kKunde',
            $params,
        );

        return \array_map('intval', \array_column($rows, 'kKunde'));
    }

    /**
     * @param array<string, mixed> $row
     * @return array<string, mixed>
     */
    private function person(array $row): array
    {
        $country = \strtoupper(\trim((string)$row['cLand']));

        return [
            'id'         => (string)$row['kKunde'],
            'registered' => (int)$row['nRegistriert'] === 1,
            'number'     => self::text($row['cKundenNr']),
            'email'      => self::text($row['cMail']),
            'salutation' => \in_array($row['cAnrede'], ['m', 'w'], true) ? $row['cAnrede'] : null,
            'first_name' => self::text($row['cVorname']),
            'last_name'  => self::text($this->shop->decrypt((string)$row['cNachname'])),
            'company'    => self::text($this->shop->decrypt((string)$row['cFirma'])),
            'phone'      => self::text($row['cMobil']) ?? self::text($row['cTel']),
            'country'    => \preg_match('/^[A-Z]{2}$/D', $country) === 1 ? $country : null,
            'region'     => $this->region($country, \trim((string)$row['cBundesland'])),
            'city'       => self::text($row['cOrt']),
            'locked'     => $row['cSperre'] === 'Y',
            'active'     => $row['cAktiv'] === 'Y',
            'birthday'   => Times::day($row['dGeburtstag']),
            'created'    => Times::day($row['dErstellt']),
        ];
    }

    /** The code of a federal state (ISO 3166-2 without the country), which the shop stores by its name. */
    private function region(string $country, string $name): ?string
    {
        if ($name === '') {
            return null;
        }
        $key = $country . ' ' . $name;
        if (!\array_key_exists($key, $this->regions)) {
            $code                = $this->database->value(
                'SELECT cCode FROM tstaat WHERE cLandIso = :country AND (cName = :name OR cCode = :code)',
                ['country' => $country, 'name' => $name, 'code' => $name],
            );
            // Some countries' codes carry the country, "DE-BE", and some do not.
            $this->regions[$key] = $code === null ? null : (string)\preg_replace('/^[A-Z]{2}-/', '', (string)$code);
        }

        return $this->regions[$key];
    }

    /**
     * @param list<int> $ids
     * @return array<int, int>
     */
    private function orderCounts(array $ids): array
    {
        $rows = $this->database->rows(
            "SELECT kKunde, COUNT(*) AS orders FROM tbestellung WHERE cStatus <> '-1' AND kKunde IN " . In::ids($ids)
            . ' GROUP BY kKunde',
        );

        return \array_map('intval', \array_column($rows, 'orders', 'kKunde'));
    }

    private static function text(mixed $value): ?string
    {
        // The shop stores names with HTML entities.
        $text = \trim(\html_entity_decode((string)$value, \ENT_QUOTES | \ENT_HTML5, 'UTF-8'));

        return $text === '' ? null : $text;
    }
}
