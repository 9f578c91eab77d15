<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

use Plugin\StammkundeConnector\Store\Tables;

final class AccessTest extends PluginTestCase
{
    public function testAKeyIsRecognisedAndOnlyItsHashIsStored(): void
    {
        self::assertSame(57, \strlen($this->key));
        self::assertSame(200, $this->get('ping')->status);
        $stored = \json_encode($this->database->rows('SELECT * FROM ' . Tables::KEYS));
        self::assertStringNotContainsString(\substr($this->key, 13), (string)$stored);
        self::assertStringContainsString(\hash('sha256', $this->key), (string)$stored);
    }

    public function testNoKeyAWrongKeyAndARevokedKeyAreRefused(): void
    {
        self::assertSame('key-missing', $this->get('ping', [], '')->content['error']['code']);
        $wrong = \substr($this->key, 0, 56) . ($this->key[56] === '0' ? '1' : '0');
        self::assertSame('key-wrong', $this->get('ping', [], $wrong)->content['error']['code']);
        self::assertSame(401, $this->get('ping', [], "' OR 1=1 --")->status);
        $this->parts->keys->revoke(\substr($this->key, 4, 8));
        self::assertSame(401, $this->get('ping')->status);
    }

    public function testAKeyMayOnlyWhatItsScopesSay(): void
    {
        $this->customer(1);
        $tags = $this->parts->keys->create('tags only', ['tags', 'nonsense'], $this->shop->now);
        self::assertSame(403, $this->get('customers', [], $tags)->status);
        self::assertSame(['tags'], $this->get('ping', [], $tags)->content['key']['scopes']);
        self::assertSame(['tags', 'guest-records'], $this->get('ping', [], $tags)->content['features']);
        $answer = $this->post(['run' => 'r', 'batch' => 0, 'changes' => [
            ['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']],
            self::coupon(),
        ]], $tags);
        self::assertSame(['done', 'scope-missing'], self::codes($answer->content['results']));
    }

    public function testAKeyThatMayOnlyReadKeepsNobodyFromWriting(): void
    {
        $this->customer(1);
        $reader = $this->parts->keys->create('reader', ['read'], $this->shop->now);
        $batch  = ['run' => 'r', 'batch' => 0, 'changes' => [
            ['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']],
        ]];
        $answer = $this->post(['installation' => 'of a stranger', ...$batch], $reader);
        self::assertSame(400, $answer->status);
        $answer = $this->post(['installation' => 'stranger', ...$batch], $reader);
        self::assertSame([403, 'scope-missing'], [$answer->status, $answer->content['error']['code']]);
        self::assertNull($this->get('ping')->content['installation']);
        $answer = $this->post(['installation' => 'ours', ...$batch]);
        self::assertSame(['done'], self::codes($answer->content['results']));
        self::assertFalse($answer->content['repeated']);
    }

    public function testAThousandWrongKeysAreSlowedDownAndDoNotLockOutTheRightOne(): void
    {
        $statuses = [];
        for ($i = 0; $i < 1000; $i++) {
            $answer                    = $this->get('ping', [], 'skj_00000000_' . \sprintf('%044x', $i));
            $statuses[$answer->status] = ($statuses[$answer->status] ?? 0) + 1;
        }
        self::assertSame([401 => 30, 429 => 970], $statuses);
        self::assertSame('60', $answer->headers['Retry-After']);
        self::assertSame(200, $this->get('ping')->status);
        $this->shop->now += 60;
        self::assertSame(401, $this->get('ping', [], 'nonsense')->status);
    }

    public function testWrongKeysFromAllOverOneNetworkAreSlowedDown(): void
    {
        $ask = fn(string $address): int => $this->send('GET', 'ping', [], '', 'nonsense', '', $address)->status;
        for ($i = 0; $i < 30; $i++) {
            self::assertSame(401, $ask('2001:db8:0:1::' . \dechex($i)));
        }
        self::assertSame(429, $ask('2001:db8:0:1:ffff::1'));
        self::assertSame(401, $ask('2001:db8:0:2::1'));
        self::assertSame(401, $ask('::ffff:192.0.2.8'));
        self::assertSame(401, $ask('nowhere'));
        self::assertSame('4', (string)$this->database->value('SELECT COUNT(*) FROM ' . Tables::ATTEMPTS));
    }

    public function testARightKeyHasALimitToo(): void
    {
        for ($i = 0; $i < 1200; $i++) {
            $this->get('customer-groups');
        }
        self::assertSame('too-many', $this->get('customer-groups')->content['error']['code']);
    }
}
