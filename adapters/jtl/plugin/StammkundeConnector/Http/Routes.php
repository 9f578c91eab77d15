<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Http;

use Plugin\StammkundeConnector\Access\Key;
use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Feed\Feed;
use Plugin\StammkundeConnector\Feed\Source;
use Plugin\StammkundeConnector\Feed\Stamp;
use Plugin\StammkundeConnector\Read\Coupons;
use Plugin\StammkundeConnector\Read\Customers;
use Plugin\StammkundeConnector\Read\Groups;
use Plugin\StammkundeConnector\Read\Orders;
use Plugin\StammkundeConnector\Read\Ping;
use Plugin\StammkundeConnector\Read\Products;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Tags;
use Plugin\StammkundeConnector\Write\Batches;

/**
 * Which address does what. docs/platforms/jtl-plugin-api.md is the contract.
 */
final class Routes
{
    private const PAGE  = 250;
    private const PAGES = 500;
    private const SWEEP = 5000;

    /** Where the ids of a kind are: table, column, and a condition. */
    private const IDS = [
        'customers' => ['tkunde', 'kKunde', '1 = 1'],
        'orders'    => ['tbestellung', 'kBestellung', '1 = 1'],
        'products'  => ['tartikel', 'kArtikel', 'kVaterArtikel = 0'],
    ];

    /**
     * @param array<string, Source> $sources by kind
     * @param array{customers: Customers, orders: Orders, products: Products, coupons: Coupons} $readers
     */
    public function __construct(
        private readonly Database $database,
        private readonly Feed $feed,
        private readonly array $sources,
        private readonly array $readers,
        private readonly Ping $ping,
        private readonly Groups $groups,
        private readonly Tags $tags,
        private readonly Batches $batches,
    ) {
    }

    /** @return array<string, mixed> */
    public function answer(Request $request, Key $key): array
    {
        [$method, $call] = $this->route($request, $key);
        if ($request->method !== $method) {
            throw new Problem(405, 'method', 'This address takes ' . $method . ' only.', ['Allow' => $method]);
        }
        // A POST needs the scope of each change it carries, and is refused change by change.
        if ($method === 'GET' && !$key->may('read') && $request->path !== 'ping') {
            throw new Problem(403, 'scope-missing', 'This key may not do that: the scope "read" is missing.');
        }

        return $call();
    }

    /** @return array{string, \Closure(): array<string, mixed>} the method and what it does */
    private function route(Request $request, Key $key): array
    {
        $path = $request->path;
        if (\preg_match('#^(customers|orders|products)/(ids|by-ids)$#D', $path, $hits) === 1) {
            return ['GET', $hits[2] === 'ids'
                ? fn(): array => $this->ids($hits[1], $request)
                : fn(): array => $this->byIds($hits[1], $request)];
        }
        if (\preg_match('#^runs/([A-Za-z0-9._:-]{1,64})$#D', $path, $hits) === 1) {
            return ['GET', fn(): array => $this->batches->run($hits[1])];
        }

        return match ($path) {
            'ping'                            => ['GET', fn(): array => $this->ping->of($key)],
            'customers', 'orders', 'products' => ['GET', fn(): array => $this->changed($path, $request)],
            'coupons'                         => ['GET', fn(): array => $this->coupons($request)],
            'orders/by-customers'             => ['GET', fn(): array => $this->ordersOf($request)],
            'customers/by-emails'             => ['GET', fn(): array => $this->customersWith($request)],
            'orders/by-numbers'               => ['GET', fn(): array => $this->ordersNumbered($request)],
            'tags'                            => ['GET', fn(): array => $this->tags($request)],
            'customer-groups'                 => ['GET', fn(): array => ['records' => $this->groups->all()]],
            'changes'                         => ['POST', fn(): array => $this->batches->apply($request->body(), $key)],
            default                           => throw new Problem(404, 'no-route', 'There is no such address.'),
        };
    }

    /** @return array<string, mixed> */
    private function changed(string $kind, Request $request): array
    {
        $page = $this->feed->page(
            $this->sources[$kind],
            $request->time('modified_since'),
            $request->text('after'),
            $request->limit(self::PAGE, self::PAGES),
        );

        return [
            'records' => $this->records($kind, \array_keys($page->stamps), $page->stamps),
            'gone'    => \array_map('strval', $page->gone),
            'next'    => $page->next,
            'total'   => $page->total,
        ];
    }

    /** @return array<string, mixed> */
    private function coupons(Request $request): array
    {
        $codes = $request->text('code');
        if ($codes === null) {
            return $this->changed('coupons', $request);
        }
        $codes = \array_values(\array_unique(\explode(',', $codes)));
        if (\count($codes) > 200) {
            throw Problem::badRequest('code names more than 200 codes.');
        }
        $ids = $this->readers['coupons']->idsOf($codes);

        return ['records' => $this->fresh('coupons', $ids), 'gone' => [], 'next' => null, 'total' => \count($ids)];
    }

    /** @return array<string, mixed> */
    private function ids(string $kind, Request $request): array
    {
        [$table, $column, $condition] = self::IDS[$kind];
        $limit = $request->limit(1000, self::SWEEP);
        $rows  = $this->database->rows(
            'SELECT ' . $column . ' AS id FROM ' . $table . ' WHERE ' . $condition . ' AND ' . $column . ' > '
            . $request->position() . ' ORDER BY ' . $column . ' LIMIT ' . $limit,
        );
        $ids   = \array_map('strval', \array_column($rows, 'id'));

        return [
            'ids'   => $ids,
            'next'  => \count($ids) < $limit ? null : $ids[$limit - 1],
            'total' => (int)$this->database->value('SELECT COUNT(*) FROM ' . $table . ' WHERE ' . $condition),
        ];
    }

    /** @return array<string, mixed> */
    private function byIds(string $kind, Request $request): array
    {
        $ids     = $request->ids('ids', 200);
        $records = $this->fresh($kind, $ids);
        $wanted  = \array_map('strval', $ids);

        return ['records' => $records, 'gone' => \array_values(\array_diff($wanted, \array_column($records, 'id')))];
    }

    /** @return array<string, mixed> */
    private function ordersOf(Request $request): array
    {
        $limit = $request->limit(self::PAGE, self::PAGES);
        $ids   = $this->readers['orders']->idsOfCustomers(
            $request->ids('customer_ids', 100),
            $request->position(),
            $limit,
        );

        return [
            'records' => $this->fresh('orders', $ids),
            'next'    => \count($ids) < $limit ? null : (string)$ids[$limit - 1],
        ];
    }

    /** @return array<string, mixed> */
    private function customersWith(Request $request): array
    {
        $ids = $this->readers['customers']->idsOfEmails($request->texts('emails', 100));

        return ['records' => $this->fresh('customers', $ids)];
    }

    /** @return array<string, mixed> */
    private function ordersNumbered(Request $request): array
    {
        $ids = $this->readers['orders']->idsOfNumbers($request->texts('numbers', 100));

        return ['records' => $this->fresh('orders', $ids)];
    }

    /** @return array<string, mixed> */
    private function tags(Request $request): array
    {
        $limit   = $request->limit(1000, self::SWEEP);
        $page    = $this->tags->page($request->text('prefix') ?? '', $request->position(), $limit);
        $records = [];
        foreach ($page as $customer => $tags) {
            $records[] = ['customer_id' => (string)$customer, 'tags' => $tags];
        }

        return [
            'records' => $records,
            'next'    => \count($records) < $limit ? null : $records[$limit - 1]['customer_id'],
        ];
    }

    /**
     * Records read now and stamped by a comparison of just these.
     *
     * @param list<int> $ids
     * @return list<array<string, mixed>>
     */
    private function fresh(string $kind, array $ids): array
    {
        $this->feed->notice($this->sources[$kind], $ids);

        return $this->records($kind, $ids, $this->feed->stamps($kind, $ids));
    }

    /**
     * @param list<int> $ids
     * @param array<int, Stamp> $stamps
     * @return list<array<string, mixed>> in the order of `$ids`; what vanished meanwhile is left out
     */
    private function records(string $kind, array $ids, array $stamps): array
    {
        $read    = $this->readers[$kind]->of($ids);
        $records = [];
        foreach ($ids as $id) {
            if (isset($read[$id])) {
                $records[] = self::stamped($kind, $read[$id], $stamps[$id] ?? null);
            }
        }

        return $records;
    }

    /**
     * @param array<string, mixed> $record
     * @return array<string, mixed>
     */
    private static function stamped(string $kind, array $record, ?Stamp $stamp): array
    {
        $record['modified'] = Times::iso($stamp?->modified);
        if ($kind === 'orders') {
            $record['cancelled'] = $record['state'] === -1 ? Times::iso($stamp?->cancelled) : null;
        }

        return $record;
    }
}
