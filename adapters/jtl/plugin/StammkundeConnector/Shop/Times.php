<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Shop;

use DateTimeImmutable;
use DateTimeZone;
use Plugin\StammkundeConnector\Contract\Shop;

/**
 * The shop writes local times without saying which: some by PHP, some by the database, and the two may live in
 * different zones. Inside the plugin a time is always seconds since 1970.
 */
final class Times
{
    public function __construct(private readonly Shop $shop)
    {
    }

    public function fromDatabase(mixed $text): ?int
    {
        return self::local($text, $this->shop->databaseZone());
    }

    public function fromShop(mixed $text): ?int
    {
        return self::local($text, $this->shop->zone());
    }

    public function inShop(int $time): string
    {
        return self::in($time, $this->shop->zone());
    }

    /**
     * The shop asks PHP whether a coupon is valid and the database whether to show the field for codes at all.
     * Where the two disagree about the time, the earlier reading keeps the field visible.
     */
    public function startInShop(int $time): string
    {
        return \min($this->inShop($time), self::in($time, $this->shop->databaseZone()));
    }

    /** A day as the shop stores it, or null for none (the shop also writes 0000-00-00). */
    public static function day(mixed $text): ?string
    {
        $day = \substr((string)$text, 0, 10);

        return $day === '' || \str_starts_with($day, '0000') ? null : $day;
    }

    public static function iso(?int $time): ?string
    {
        return $time === null ? null : \gmdate('Y-m-d\TH:i:s\Z', $time);
    }

    /** Seconds of an ISO 8601 time with a zone, or null if it is none. */
    public static function parse(string $text): ?int
    {
        $shape = '/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/D';
        if (\preg_match($shape, $text) !== 1) {
            return null;
        }
        $format = \str_contains($text, '.') ? 'Y-m-d\TH:i:s.uP' : 'Y-m-d\TH:i:sP';
        $time   = DateTimeImmutable::createFromFormat($format, $text);
        $faults = DateTimeImmutable::getLastErrors();
        // PHP rolls 30 February over to March and only warns.
        if ($time === false || ($faults !== false && $faults['warning_count'] > 0)) {
            return null;
        }

        return $time->getTimestamp();
    }

    private static function local(mixed $text, DateTimeZone $zone): ?int
    {
        if (self::day($text) === null) {
            return null;
        }
        $time = \date_create_immutable((string)$text, $zone);

        return $time === false ? null : $time->getTimestamp();
    }

    private static function in(int $time, DateTimeZone $zone): string
    {
        return (new DateTimeImmutable('@' . $time))->setTimezone($zone)->format('Y-m-d H:i:s');
    }
}
