<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

use Plugin\StammkundeConnector\Parts;
use Plugin\StammkundeConnector\Webhooks\CurlMessenger;
use Plugin\StammkundeConnector\Webhooks\Receiver;
use Plugin\StammkundeConnector\Webhooks\Signature;
use Stammkunde\Tests\StandIn\NotedMessages;

final class WebhooksTest extends PluginTestCase
{
    private const ADDRESS = 'https://stammkunde.example/hooks/laden';

    private NotedMessages $receiver;

    protected function setUp(): void
    {
        parent::setUp();
        $this->receiver = new NotedMessages();
        $this->parts    = new Parts($this->database, $this->shop, '1.2.3', $this->receiver);
        $this->customer(1);
        $this->order(1, 1);
        $this->get('customers');
        $this->get('orders');
    }

    public function testNothingIsSentOrKeptUntilTheOwnerSwitchesItOn(): void
    {
        $this->pay(1);
        self::assertSame([[], 0], [$this->receiver->messages, $this->parts->webhooks->waiting()]);
        self::assertNotContains('webhooks', $this->get('ping')->content['features']);
    }

    public function testEveryChangeOfAnOrderIsTold(): void
    {
        $this->switchOn();
        $this->order(2, 1);
        $this->hook('orders', 2);
        $this->pay(2);
        $this->database->run("UPDATE tbestellung SET cStatus = '-1' WHERE kBestellung = 2");
        $this->hook('orders', 2);
        $this->database->run('DELETE FROM tbestellung WHERE kBestellung = 2');
        $this->hook('orders', 2);
        self::assertSame(
            ['order.created 2', 'order.updated 2', 'order.cancelled 2', 'order.deleted 2'],
            $this->receiver->topics(),
        );
    }

    public function testAMessageNamesTheRecordAndNobody(): void
    {
        $this->switchOn();
        $this->customer(2, ['cVorname' => 'Ada']);
        $this->hook('customers', 2);
        [$message] = $this->receiver->messages;
        self::assertSame(self::ADDRESS, $message['address']);
        self::assertSame(['id', 'topic', 'kind', 'record_id', 'occurred_at'], \array_keys($message['body']));
        self::assertSame('customers', $message['body']['kind']);
        self::assertSame('2026-11-22T06:00:00Z', $message['body']['occurred_at']);
        self::assertSame($message['body']['id'], $message['headers']['webhook-id']);
    }

    public function testTheSignatureIsThatOfStandardWebhooks(): void
    {
        // The example of the specification's own libraries.
        $headers = Signature::headers(
            'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
            'msg_p5jXN8AQM9LWM0D4loKWxJek',
            '{"test": 2432232314}',
            1614265330,
        );
        self::assertSame('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', $headers['webhook-signature']);
        self::assertSame('1614265330', $headers['webhook-timestamp']);
    }

    public function testWhatDidNotChangeIsNotTold(): void
    {
        $this->switchOn();
        $this->hook('orders', 1);
        $this->hook('customers', 1);
        $this->hook('orders', 0);
        $this->hook('orders', 99);
        self::assertSame([], $this->receiver->messages);
    }

    public function testWhatStammkundeItselfWritesIsNotTold(): void
    {
        $this->switchOn();
        $this->change(['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']]);
        $this->get('customers/by-ids', ['ids' => '1']);
        $this->parts->watch()->end(static fn(): bool => true);
        self::assertSame([], $this->receiver->messages);
    }

    public function testAHookBeforeTheChangeIsLookedIntoAtTheEndOfTheRequest(): void
    {
        $this->switchOn();
        $watch = $this->parts->watch();
        $saved = (object)['kKunde' => 0];
        $watch->noticeAtEnd($this->parts->customerSource(), static fn(): int => $saved->kKunde);
        $watch->noticeAtEnd($this->parts->customerSource(), static fn(): int => 1);
        $this->database->run("UPDATE tkunde SET cOrt = 'Köln' WHERE kKunde = 1");
        $this->customer(7);
        $saved->kKunde = 7;
        $watch->end(static fn(): bool => true);
        self::assertSame(['customer.updated 1', 'customer.created 7'], $this->receiver->topics());
    }

    public function testWhileSomebodyWaitsNothingIsSentAndTheNextRequestSendsIt(): void
    {
        $this->switchOn();
        $this->order(2, 1);
        $this->hook('orders', 2, false);
        self::assertSame([[], 1], [$this->receiver->messages, $this->parts->webhooks->waiting()]);
        $this->parts->watch()->end(static fn(): bool => true);
        self::assertSame(['order.created 2'], $this->receiver->topics());
        self::assertSame(0, $this->parts->webhooks->waiting());
    }

    public function testTheAnswerIsClosedOnlyIfThereIsSomethingToSend(): void
    {
        $this->switchOn();
        $asked = 0;
        $this->parts->watch()->end(static function () use (&$asked): bool {
            $asked++;

            return true;
        });
        self::assertSame(0, $asked);
    }

    public function testARecordWaitsOnceWithItsNewestMessage(): void
    {
        $this->switchOn();
        for ($city = 1; $city <= 5; $city++) {
            $this->database->run("UPDATE tkunde SET cOrt = 'Ort " . $city . "' WHERE kKunde = 1");
            $this->hook('customers', 1, false);
        }
        self::assertSame(1, $this->parts->webhooks->waiting());
    }

    public function testAReceiverThatIsDownIsAskedSeldomerAndSeldomer(): void
    {
        $this->switchOn();
        $this->receiver->status = 0;
        $this->order(2, 1);
        $this->hook('orders', 2);
        $attempts = [];
        for ($minute = 0; $minute < 180; $minute++) {
            $this->shop->now += 60;
            $before = \count($this->receiver->messages);
            $this->parts->watch()->end(static fn(): bool => true);
            if (\count($this->receiver->messages) > $before) {
                $attempts[] = $minute + 1;
            }
        }
        self::assertSame([1, 2, 4, 8, 16, 32, 64, 124], $attempts);
        $ping = $this->get('ping')->content;
        self::assertSame(
            'The shop cannot deliver its webhooks since 2026-11-22T06:00:00Z: ' . self::ADDRESS
            . ' does not answer. Changes come with the next pull meanwhile.',
            $ping['notes'][0],
        );
        $this->receiver->status = 200;
        $this->shop->now       += 3600;
        $this->parts->watch()->end(static fn(): bool => true);
        self::assertSame(0, $this->parts->webhooks->waiting());
        self::assertCount(0, \array_filter(
            $this->get('ping')->content['notes'],
            static fn(string $note): bool => \str_contains($note, 'webhooks'),
        ));
    }

    public function testAfterAFailureTheOthersWaitToo(): void
    {
        $this->switchOn();
        $this->receiver->status = 401;
        for ($id = 2; $id <= 20; $id++) {
            $this->order($id, 1);
            $this->hook('orders', $id);
        }
        self::assertCount(1, $this->receiver->messages);
        self::assertSame(19, $this->parts->webhooks->waiting());
    }

    public function testOneMessageThatIsRefusedDoesNotHoldUpTheOthers(): void
    {
        $this->switchOn();
        $this->receiver->status = 400;
        $this->order(2, 1);
        $this->hook('orders', 2);
        self::assertSame([1, 0], [\count($this->receiver->messages), $this->parts->webhooks->waiting()]);
        self::assertTrue($this->parts->receiver->isDue($this->shop->now));
    }

    public function testAfterADayAMessageIsGivenUp(): void
    {
        $this->switchOn();
        $this->receiver->status = 0;
        $this->order(2, 1);
        $this->hook('orders', 2);
        $this->shop->now       += 86401;
        $this->receiver->status = 200;
        $this->order(3, 1);
        $this->hook('orders', 3);
        self::assertSame(['order.created 2', 'order.created 3'], $this->receiver->topics());
        self::assertSame(0, $this->parts->webhooks->waiting());
    }

    public function testARetryIsSignedAnewUnderTheSameId(): void
    {
        $this->switchOn();
        $this->receiver->status = 503;
        $this->order(2, 1);
        $this->hook('orders', 2);
        $this->shop->now += 60;
        $this->parts->watch()->end(static fn(): bool => true);
        [$first, $second] = $this->receiver->messages;
        self::assertSame($first['body'], $second['body']);
        self::assertSame(60, $second['headers']['webhook-timestamp'] - $first['headers']['webhook-timestamp']);
    }

    public function testAShopWithoutOutgoingConnectionsKeepsNothing(): void
    {
        $this->switchOn();
        $this->receiver->isAble = false;
        $this->order(2, 1);
        $this->hook('orders', 2);
        self::assertSame([[], 0], [$this->receiver->messages, $this->parts->webhooks->waiting()]);
    }

    public function testADatabaseThatFailsBreaksNoRequest(): void
    {
        $this->switchOn();
        $this->database->run('DROP TABLE xplugin_stammkundeconnector_message');
        $this->order(2, 1);
        $this->hook('orders', 2);
        self::assertStringContainsString('no such table', $this->shop->reports[0]);
    }

    public function testOnlyOneProcessSendsAtATime(): void
    {
        $this->switchOn();
        $this->database->isTaken = true;
        $this->order(2, 1);
        $this->hook('orders', 2);
        self::assertSame([[], 1], [$this->receiver->messages, $this->parts->webhooks->waiting()]);
    }

    public function testTheSecretIsShownOnceAndNotStoredAsItIs(): void
    {
        $secret = $this->switchOn();
        self::assertMatchesRegularExpression('~^whsec_[A-Za-z0-9+/]{43}=$~', $secret);
        self::assertNull($this->parts->receiver->tell('https://elsewhere.example/hooks/laden', false));
        self::assertSame($secret, $this->parts->receiver->secret());
        self::assertNotSame($secret, $this->parts->receiver->tell(self::ADDRESS, true));
        $stored = $this->database->rows('SELECT content FROM xplugin_stammkundeconnector_setting');
        self::assertNotContains($this->parts->receiver->secret(), \array_column($stored, 'content'));
    }

    public function testSwitchedOffWhatWaitsIsForgotten(): void
    {
        $this->switchOn();
        self::assertContains('webhooks', $this->get('ping')->content['features']);
        $this->order(2, 1);
        $this->hook('orders', 2, false);
        $this->parts->webhooks->switchOff();
        self::assertSame([0, false], [$this->parts->webhooks->waiting(), $this->parts->receiver->isOn()]);
        self::assertNotContains('webhooks', $this->get('ping')->content['features']);
    }

    public function testATestMessageIsAboutNothing(): void
    {
        $this->switchOn();
        self::assertSame(200, $this->parts->webhooks->test());
        self::assertSame([null, null, 'test'], [
            $this->receiver->messages[0]['body']['kind'],
            $this->receiver->messages[0]['body']['record_id'],
            $this->receiver->messages[0]['body']['topic'],
        ]);
    }

    /** @dataProvider addresses */
    public function testAnAddressIsSafeOrNear(string $address, bool $isFine): void
    {
        self::assertSame($isFine, Receiver::refusal($address) === null, (string)Receiver::refusal($address));
    }

    /** @return list<array{string, bool}> */
    public static function addresses(): array
    {
        return [
            ['https://host.example/hooks/laden', true],
            ['http://127.0.0.1:8484/hooks/laden', true],
            ['http://192.168.1.20:8484/hooks/laden', true],
            ['http://[::1]:8484/hooks/laden', true],
            ['http://localhost:8484/hooks/laden', true],
            ['http://host.example/hooks/laden', false],
            ['http://8.8.8.8/hooks/laden', false],
            ['https://user:secret@host.example/', false],
            ['file:///etc/passwd', false],
            ['hooks/laden', false],
            ['', false],
            ['https://host.example/' . \str_repeat('a', 500), false],
        ];
    }

    public function testCurlBringsItAndTellsWhatWasAnswered(): void
    {
        $this->withServer(function (string $url, string $received): void {
            $curl = new CurlMessenger();
            self::assertSame(202, $curl->post($url . '/202', ['webhook-id' => 'msg_1'], '{"a":"ä"}'));
            self::assertSame(302, $curl->post($url . '/302', [], '{}'));
            $begun = \microtime(true);
            self::assertSame(0, $curl->post($url . '/200/4', [], '{}'));
            self::assertLessThan(2.5, \microtime(true) - $begun);
            $first = \json_decode(\explode("\n", (string)\file_get_contents($received))[0], true);
            self::assertSame(['{"a":"ä"}', 'msg_1'], [$first['body'], $first['headers']['HTTP_WEBHOOK_ID']]);
        });
        self::assertSame(0, (new CurlMessenger())->post('http://127.0.0.1:9/', [], '{}'));
    }

    private function switchOn(): string
    {
        return (string)$this->parts->receiver->tell(self::ADDRESS, false);
    }

    /** A hook of the shop in a request of its own. */
    private function hook(string $kind, int $id, bool $isNobodyWaiting = true): void
    {
        $source = $kind === 'orders' ? $this->parts->orderSource() : $this->parts->customerSource();
        $watch  = $this->parts->watch();
        $watch->notice($source, $id);
        $watch->end(static fn(): bool => $isNobodyWaiting);
    }

    private function pay(int $order): void
    {
        $this->database->run("UPDATE tbestellung SET cStatus = '3' WHERE kBestellung = :id", ['id' => $order]);
        $this->hook('orders', $order);
    }

    /** @param callable(string, string): void $test */
    private function withServer(callable $test): void
    {
        $received = (string)\tempnam(\sys_get_temp_dir(), 'received');
        $free     = \stream_socket_server('tcp://127.0.0.1:0');
        $address  = (string)\stream_socket_get_name($free, false);
        \fclose($free);
        $server = \proc_open(
            [\PHP_BINARY, '-S', $address, __DIR__ . '/StandIn/receiver.php'],
            [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']],
            $pipes,
            null,
            ['RECEIVED' => $received],
        );
        try {
            for ($try = 0; $try < 200 && @\stream_socket_client('tcp://' . $address) === false; $try++) {
                \usleep(20_000);
            }
            $test('http://' . $address, $received);
        } finally {
            \proc_terminate($server, 9);
            \proc_close($server);
            \unlink($received);
        }
    }
}
