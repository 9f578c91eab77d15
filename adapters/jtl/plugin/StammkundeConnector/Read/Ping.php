<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Access\Key;
use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Feed\Feed;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Attributes;
use Plugin\StammkundeConnector\Store\Settings;
use Plugin\StammkundeConnector\Store\Tables;
use Plugin\StammkundeConnector\Store\Tags;
use Plugin\StammkundeConnector\Webhooks\Receiver;
use Plugin\StammkundeConnector\Write\Batches;

/**
 * What shop this is, what the key may do, and what the owner should know.
 */
final class Ping
{
    /** The version of the JSON API; it grows when an answer changes in a way that callers notice. */
    public const API = 1;

    /** What a coupon may ask for and the shop's own checkout then enforces; a plugin of old names nothing. */
    private const COUPON_TERMS = [
        'minimum',
        'not-combinable',
        'titles',
        'free-shipping',
        'products',
        'categories',
    ];

    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Times $times,
        private readonly Feed $feed,
        private readonly Groups $groups,
        private readonly Settings $settings,
        private readonly Receiver $receiver,
        private readonly string $pluginVersion,
    ) {
    }

    /** @return array<string, mixed> */
    public function of(Key $key): array
    {
        return [
            'plugin'          => ['version' => $this->pluginVersion, 'api' => self::API],
            'shop'            => [
                'name'               => $this->shop->name(),
                'version'            => $this->shop->version(),
                'url'                => $this->shop->url(),
                'currency'           => $this->shop->currency(),
                'time_zone'          => $this->shop->zone()->getName(),
                'database_time_zone' => $this->shop->databaseZone()->getName(),
                'backend_url'        => $this->shop->backendUrl(),
            ],
            'key'             => ['name' => $key->name, 'scopes' => $key->scopes],
            'counts'          => $this->counts(),
            'oldest_order'    => Times::iso($this->times->fromDatabase(
                $this->database->value('SELECT MIN(dErstellt) FROM tbestellung'),
            )),
            'feed_starts'     => [
                'customers' => Times::iso($this->feed->started('customers')),
                'orders'    => Times::iso($this->feed->started('orders')),
                'products'  => Times::iso($this->feed->started('products')),
            ],
            'features'        => $this->features($key),
            'coupon_terms'    => self::COUPON_TERMS,
            'languages'       => \array_values($this->shop->languages()),
            'customer_groups' => \array_map(static fn(array $group): array => [
                'id'         => $group['id'],
                'name'       => $group['name'],
                'net_prices' => $group['net_prices'],
                'movable'    => $group['movable'],
            ], $this->groups->all()),
            'payment_methods' => $this->paymentMethods(),
            'limits'          => [
                'tag_length'        => Tags::MAX_LENGTH,
                'tags_per_customer' => Tags::MAX_PER_CUSTOMER,
                'code_length'       => 32,
                'changes_per_batch' => Batches::MAX_CHANGES,
                'page'              => 500,
                'attribute_length'  => Attributes::MAX_LENGTH,
            ],
            'installation'    => $this->settings->installation(),
            'notes'           => $this->notes(),
        ];
    }

    /** @return array<string, int> */
    private function counts(): array
    {
        return [
            'customers' => $this->count('tkunde WHERE nRegistriert = 1'),
            'guests'    => $this->count('tkunde WHERE nRegistriert = 0'),
            'orders'    => $this->count('tbestellung'),
            'products'  => $this->count('tartikel WHERE kVaterArtikel = 0'),
            'coupons'   => $this->count(Tables::COUPONS),
        ];
    }

    private function count(string $what): int
    {
        return (int)$this->database->value('SELECT COUNT(*) FROM ' . $what);
    }

    /** @return list<string> */
    private function features(Key $key): array
    {
        return [
            ...($key->may('tags') ? ['tags'] : []),
            ...($key->may('coupons') ? ['coupons', 'coupon-for-customer', 'coupon-for-anyone', 'attributes'] : []),
            ...($key->may('groups') && \count($this->settings->movableGroups()) > 1 ? ['customer-groups'] : []),
            ...($key->may('read') ? ['deletions'] : []),
            'guest-records',
            ...($this->receiver->isOn() ? ['webhooks'] : []),
        ];
    }

    /** @return list<string> as they stand on orders, which keep the name in the buyer's language */
    private function paymentMethods(): array
    {
        $rows  = $this->database->rows(
            'SELECT DISTINCT cZahlungsartName AS name FROM tbestellung
                UNION SELECT cName FROM tzahlungsart WHERE nActive = 1',
        );
        $names = \array_filter(\array_map('trim', \array_map('strval', \array_column($rows, 'name'))));
        \sort($names);

        return \array_values(\array_unique($names));
    }

    /** @return list<string> */
    private function notes(): array
    {
        $zone     = $this->shop->zone();
        $database = $this->shop->databaseZone();
        $now      = new \DateTimeImmutable('@' . $this->shop->now());
        $notes    = $this->webhookNotes();
        if ($zone->getOffset($now) === $database->getOffset($now)) {
            return $notes;
        }

        return [
            ...$notes,
            'The shop runs in ' . $zone->getName() . ' but its database in ' . $database->getName()
            . '. Times are converted; coupons may be accepted earlier by the difference.',
        ];
    }

    /** @return list<string> */
    private function webhookNotes(): array
    {
        $trouble = $this->receiver->trouble();
        if (!$this->receiver->isOn() || $trouble === []) {
            return [];
        }
        $answer = ($trouble['status'] ?? 0) === 0 ? 'does not answer' : 'answers ' . $trouble['status'];

        return [
            'The shop cannot deliver its webhooks since ' . Times::iso($trouble['since'] ?? null) . ': '
            . $this->receiver->address() . ' ' . $answer . '. Changes come with the next pull meanwhile.',
        ];
    }
}
