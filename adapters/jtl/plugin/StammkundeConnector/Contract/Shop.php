<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Contract;

use DateTimeZone;
use Throwable;

/**
 * What the plugin needs of the shop beyond its database: settings, decryption, its coupon class.
 */
interface Shop
{
    public function now(): int;

    public function version(): string;

    public function name(): string;

    public function url(): string;

    public function backendUrl(): string;

    /** ISO 4217 of the default currency, in which the shop keeps all amounts. */
    public function currency(): string;

    /** Zone of what PHP writes, such as the validity of coupons. */
    public function zone(): DateTimeZone;

    /** Zone of what the database writes with NOW(), such as the date of an order. */
    public function databaseZone(): DateTimeZone;

    /** @return array<int, string> language id => ISO 639-1 */
    public function languages(): array;

    public function decrypt(string $cipher): string;

    public function encrypt(string $text): string;

    /** @return int the id of the new coupon, made by the shop's own class */
    public function createCoupon(CouponTerms $terms): int;

    public function disableCoupon(int $id): void;

    /** @param string $ends local time as the shop's coupon class compares it */
    public function extendCoupon(int $id, string $ends): void;

    public function moveCustomer(int $customerId, int $groupId): void;

    /** Whether this shop has the returns of 5.4 and later. */
    public function hasReturns(): bool;

    /** For the shop's own log; never for an answer. */
    public function report(Throwable $error): void;
}
