<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

use PHPUnit\Framework\TestCase;
use Plugin\StammkundeConnector\Http\Answer;
use Plugin\StammkundeConnector\Http\Request;
use Plugin\StammkundeConnector\Parts;
use Stammkunde\Tests\StandIn\FakeShop;
use Stammkunde\Tests\StandIn\SqliteDatabase;

/**
 * A plugin with an empty shop behind it, and requests as they come over HTTP.
 */
abstract class PluginTestCase extends TestCase
{
    protected SqliteDatabase $database;

    protected FakeShop $shop;

    protected Parts $parts;

    protected string $key;

    protected function setUp(): void
    {
        $this->database = new SqliteDatabase();
        $this->shop     = new FakeShop($this->database);
        $this->parts    = new Parts($this->database, $this->shop, '1.2.3');
        $this->key      = $this->parts->keys->create('test', ['read', 'tags', 'coupons', 'groups'], $this->shop->now);
    }

    /** @param array<string, mixed> $query */
    protected function get(string $path, array $query = [], ?string $key = null): Answer
    {
        return $this->send('GET', $path, $query, '', $key);
    }

    /**
     * @param array<string, mixed> $query
     */
    protected function send(
        string $method,
        string $path,
        array $query = [],
        string $body = '',
        ?string $key = null,
        string $type = 'application/json',
        string $address = '192.0.2.7',
    ): Answer {
        return $this->parts->api()->answer(new Request(
            $method,
            $path,
            $query,
            $key ?? $this->key,
            $type,
            \strlen($body),
            $address,
            static fn(int $most): string => \substr($body, 0, $most),
        ));
    }

    /** @param array<string, mixed> ...$changes */
    protected function change(array ...$changes): array
    {
        static $batch = 0;
        $answer = $this->post(['run' => 'r1', 'batch' => ++$batch, 'changes' => $changes]);
        self::assertSame(200, $answer->status, $answer->json());

        return $answer->content['results'];
    }

    /** @param array<string, mixed> $body */
    protected function post(array $body, ?string $key = null): Answer
    {
        return $this->send('POST', 'changes', [], (string)\json_encode($body), $key);
    }

    /** @param array<string, int|float|string|null> $more */
    protected function customer(int $id, array $more = []): void
    {
        $this->database->insert('tkunde', [
            'kKunde'      => $id,
            'cMail'       => 'c' . $id . '@example.test',
            'dErstellt'   => '2026-01-02',
            'dVeraendert' => '2026-03-04 10:00:00',
            ...$more,
        ]);
    }

    /** @param array<string, int|float|string|null> $more */
    protected function order(int $id, int $customer, array $more = []): void
    {
        $this->database->insert('tbestellung', [
            'kBestellung'  => $id,
            'kWarenkorb'   => $id,
            'kKunde'       => $customer,
            'cBestellNr'   => (string)(10000 + $id),
            'fGesamtsumme' => 50.0,
            'dErstellt'    => '2026-05-06 07:08:09',
            ...$more,
        ]);
    }

    /** @return array<string, mixed> */
    protected static function coupon(int $customer = 1, string $code = 'SK7Q2M9XKTBN', int $round = 1): array
    {
        return [
            'type'        => 'create-coupon',
            'mark'        => 'sk:back:c' . $customer . ':' . $round,
            'code'        => $code,
            'customer_id' => (string)$customer,
            'title'       => '10 % für Sie',
            'percent'     => 10,
            'minimum'     => 30.0,
            'currency'    => 'EUR',
            'starts'      => '2026-11-22T04:00:00Z',
            'ends'        => '2026-12-22T22:59:59Z',
            'bound'       => 'customer',
        ];
    }

    /** @param list<array<string, mixed>> $results */
    protected static function codes(array $results): array
    {
        return \array_map(static fn(array $result): string => $result['error']['code'] ?? $result['outcome'], $results);
    }
}
