<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Coupons;

/**
 * Lets a coupon of ours end later, never earlier.
 */
final class ExtendCoupon implements Handler
{
    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Times $times,
        private readonly Coupons $coupons,
    ) {
    }

    public function scope(): string
    {
        return 'coupons';
    }

    public function apply(Change $change): Outcome
    {
        $code = CouponFields::code($change);
        $ours = $this->coupons->byMark(CouponFields::mark($change));
        $ends = $change->time('ends');
        if ($ours === null || $ours['code'] !== $code) {
            throw new Refusal('coupon-unknown', 'There is no coupon of ours with this mark and code.');
        }
        $id  = (int)$ours['coupon'];
        $row = $this->database->row('SELECT cAktiv, dGueltigBis FROM tkupon WHERE kKupon = :id', ['id' => $id]);
        if ($row === null) {
            throw new Refusal('coupon-unknown', 'This coupon was deleted in the backend.');
        }
        $now = $this->times->fromShop($row['dGueltigBis']);
        // The shop itself switches off what has ended; that alone does not forbid to extend it.
        $isEnded = $now !== null && $now <= $this->shop->now();
        if ($ours['disabled'] !== null || ($row['cAktiv'] !== 'Y' && !$isEnded)) {
            throw new Refusal('coupon-disabled', 'This coupon is switched off.');
        }
        if ($now === null || $now >= $ends) {
            return Outcome::of(false, ['coupon_id' => (string)$id]);
        }
        if ($ends <= $this->shop->now()) {
            throw new Refusal('dates-invalid', 'The new end is in the past.');
        }
        $this->shop->extendCoupon($id, $this->times->inShop($ends));
        $this->coupons->setEnd($id, $ends);

        return Outcome::of(true, ['coupon_id' => (string)$id]);
    }
}
