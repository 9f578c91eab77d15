<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Contract;

/**
 * A coupon as it is to be made. Either `percent` or `amount` (gross, default currency) is set.
 */
final class CouponTerms
{
    /**
     * @param array<string, string> $titles by ISO 639-1, what the customer reads
     * @param int|null $customerId null: whoever has the code
     * @param string $starts and `$ends`: local time as the shop's coupon class compares it
     */
    public function __construct(
        public readonly string $code,
        public readonly string $internalName,
        public readonly string $title,
        public readonly array $titles,
        public readonly ?int $customerId,
        public readonly ?float $percent,
        public readonly ?float $amount,
        public readonly float $minimum,
        public readonly string $starts,
        public readonly string $ends,
    ) {
    }
}
