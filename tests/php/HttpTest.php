<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

final class HttpTest extends PluginTestCase
{
    /**
     * @dataProvider wrongRequests
     * @param array<string, mixed> $query
     */
    public function testAWrongRequestGetsAJsonErrorAndTheRightStatus(
        int $status,
        string $code,
        string $method,
        string $path,
        array $query = [],
    ): void {
        $this->customer(1);
        $answer = $this->send($method, $path, $query, '{}');
        self::assertSame([$status, $code], [$answer->status, $answer->content['error']['code']]);
        self::assertMatchesRegularExpression('/^\{"error":\{"code":"[a-z-]+","message":".+"\}\}$/', $answer->json());
        self::assertSame('1', $this->database->value('SELECT COUNT(*) FROM tkunde'));
    }

    /** @return list<array<int, mixed>> */
    public function wrongRequests(): array
    {
        $attack = "1'; DROP TABLE tkunde; --";

        return [
            [404, 'no-route', 'GET', ''],
            [404, 'no-route', 'GET', 'customers/'],
            [404, 'no-route', 'GET', 'Customers'],
            [404, 'no-route', 'GET', '../admin'],
            [404, 'no-route', 'GET', 'runs/' . $attack],
            [405, 'method', 'DELETE', 'customers'],
            [405, 'method', 'HEAD', 'ping'],
            [405, 'method', 'GET', 'changes'],
            [400, 'bad-request', 'GET', 'customers', ['limit' => '0']],
            [400, 'bad-request', 'GET', 'customers', ['limit' => '501']],
            [400, 'bad-request', 'GET', 'customers', ['limit' => ['1']]],
            [400, 'bad-request', 'GET', 'customers', ['limit' => $attack]],
            [400, 'bad-request', 'GET', 'customers', ['after' => $attack]],
            [400, 'bad-request', 'GET', 'customers', ['modified_since' => 'yesterday']],
            [400, 'bad-request', 'GET', 'customers', ['modified_since' => '2026-02-30T00:00:00Z']],
            [400, 'bad-request', 'GET', 'customers/ids', ['after' => $attack]],
            [400, 'bad-request', 'GET', 'customers/by-ids', ['ids' => $attack]],
            [400, 'bad-request', 'GET', 'customers/by-ids'],
            [400, 'bad-request', 'GET', 'orders/by-customers', ['customer_ids' => '1,']],
            [400, 'bad-request', 'GET', 'tags', ['prefix' => "\xff"]],
            [400, 'bad-request', 'GET', 'coupons', ['code' => \implode(',', \range(1000, 1200))]],
            [400, 'bad-request', 'POST', 'changes'],
        ];
    }

    public function testCodesAndPrefixesWithSqlInThemFindNothing(): void
    {
        $this->customer(1);
        $this->change(self::coupon());
        self::assertSame([], $this->get('coupons', ['code' => "' OR '1'='1"])->content['records']);
        self::assertSame([], $this->get('tags', ['prefix' => "' OR 1=1 --"])->content['records']);
    }

    public function testABodyOfTenMegabytesIsRefusedUnread(): void
    {
        $answer = $this->send('POST', 'changes', [], \str_repeat('a', 10_000_000));
        self::assertSame([413, 'too-large'], [$answer->status, $answer->content['error']['code']]);
    }

    public function testABodyHasToBeJsonAndSaySo(): void
    {
        self::assertSame(415, $this->send('POST', 'changes', [], 'a=1', null, 'text/plain')->status);
        self::assertSame(400, $this->send('POST', 'changes', [], '{nope')->status);
        self::assertSame(400, $this->send('POST', 'changes', [], "\"\xff\"")->status);
        self::assertSame(400, $this->send('POST', 'changes', [], \str_repeat('[', 100_000))->status);
        self::assertSame(400, $this->send('POST', 'changes', [], '{}', null, 'application/json; charset=utf-8')->status);
    }

    /**
     * @dataProvider wrongBatches
     * @param array<string, mixed> $fields
     */
    public function testAMalformedBatchIsRefusedWhole(array $fields): void
    {
        $batch = ['run' => 'r', 'batch' => 0, 'changes' => [['type' => 'x']], ...$fields];
        self::assertSame('bad-request', $this->post($batch)->content['error']['code']);
    }

    /** @return list<array{array<string, mixed>}> */
    public function wrongBatches(): array
    {
        return [
            [['run' => '']], [['run' => 7]], [['run' => \str_repeat('r', 65)]], [['batch' => -1]], [['batch' => '0']],
            [['changes' => []]], [['changes' => 'x']], [['changes' => ['a' => 1]]], [['installation' => "\n"]],
            [['changes' => \array_fill(0, 501, ['type' => 'x'])]],
        ];
    }

    public function testADefectIsReportedToTheLogAndNotToTheCaller(): void
    {
        $this->database->run('DROP TABLE tkundengruppe');
        $answer = $this->get('customer-groups');
        self::assertSame([500, 'internal'], [$answer->status, $answer->content['error']['code']]);
        self::assertStringNotContainsString('tkundengruppe', $answer->json());
        self::assertStringContainsString('tkundengruppe', $this->shop->reports[0]);
    }
}
