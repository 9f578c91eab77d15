<?php

declare(strict_types=1);

namespace Stammkunde\Tests\StandIn;

use DateTimeZone;
use Plugin\StammkundeConnector\Contract\CouponTerms;
use Plugin\StammkundeConnector\Contract\Shop;
use RuntimeException;
use Throwable;

/**
 * A shop in Berlin whose database runs in UTC, with a clock that the test moves. Encryption is ROT13.
 */
final class FakeShop implements Shop
{
    public int $now;

    /** Whether the shop's coupon class fails. */
    public bool $isBroken = false;

    /** @var list<string> */
    public array $reports = [];

    public function __construct(private readonly SqliteDatabase $database)
    {
        $this->now = (int)\strtotime('2026-11-22T06:00:00Z');
    }

    public function now(): int
    {
        return $this->now;
    }

    public function version(): string
    {
        return '5.4.0';
    }

    public function name(): string
    {
        return 'Rösterei';
    }

    public function url(): string
    {
        return 'https://shop.example';
    }

    public function backendUrl(): string
    {
        return 'https://shop.example/admin/plugin/4';
    }

    public function currency(): string
    {
        return 'EUR';
    }

    public function zone(): DateTimeZone
    {
        return new DateTimeZone('Europe/Berlin');
    }

    public function databaseZone(): DateTimeZone
    {
        return new DateTimeZone('UTC');
    }

    public function languages(): array
    {
        return [1 => 'de', 2 => 'en'];
    }

    public function decrypt(string $cipher): string
    {
        return \str_rot13($cipher);
    }

    public function encrypt(string $text): string
    {
        return \str_rot13($text);
    }

    public function createCoupon(CouponTerms $terms): int
    {
        $id = $this->database->insert('tkupon', [
            ...$terms->columns(),
            'cName'       => $terms->internalName,
            'dGueltigAb'  => $terms->starts,
            'dGueltigBis' => $terms->ends,
            'cCode'       => $terms->code,
        ]);
        if ($this->isBroken) {
            throw new RuntimeException('disk full');
        }

        return $id;
    }

    public function disableCoupon(int $id): void
    {
        $this->database->run("UPDATE tkupon SET cAktiv = 'N' WHERE kKupon = :id", ['id' => $id]);
    }

    public function extendCoupon(int $id, string $ends): void
    {
        $this->database->run(
            "UPDATE tkupon SET dGueltigBis = :ends, cAktiv = 'Y' WHERE kKupon = :id",
            ['ends' => $ends, 'id' => $id],
        );
    }

    public function moveCustomer(int $customerId, int $groupId): void
    {
        $this->database->run(
            'UPDATE tkunde SET kKundengruppe = :to WHERE kKunde = :id',
            ['to' => $groupId, 'id' => $customerId],
        );
    }

    public function hasReturns(): bool
    {
        return true;
    }

    public function report(Throwable $error): void
    {
        $this->reports[] = $error->getMessage();
    }
}
