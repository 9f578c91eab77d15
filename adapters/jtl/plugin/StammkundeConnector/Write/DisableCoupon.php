<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Store\Attributes;
use Plugin\StammkundeConnector\Store\Coupons;

/**
 * Switches a coupon of ours off. One that is gone is as good as that.
 */
final class DisableCoupon implements Handler
{
    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Coupons $coupons,
        private readonly Attributes $attributes,
    ) {
    }

    public function scope(): string
    {
        return 'coupons';
    }

    public function apply(Change $change): Outcome
    {
        $code      = CouponFields::code($change);
        $mark      = CouponFields::mark($change);
        $customer  = $change->optionalCustomer();
        $attribute = $change->optionalText('attribute');
        $ours      = $this->coupons->byCode($code);
        $row       = $this->database->row('SELECT kKupon, cAktiv FROM tkupon WHERE cCode = :code', ['code' => $code]);
        $isForeign = $ours === null
            ? $row !== null
            : $ours['mark'] !== $mark || ($row !== null && (int)$row['kKupon'] !== (int)$ours['coupon']);
        if ($isForeign) {
            throw new Refusal('code-foreign', 'The coupon with this code is not the one meant.');
        }
        $changed = $row !== null && $row['cAktiv'] === 'Y';
        if ($changed) {
            $this->shop->disableCoupon((int)$row['kKupon']);
        }
        if ($ours !== null) {
            $this->coupons->setDisabled((int)$ours['coupon'], $this->shop->now());
        }
        if ($customer !== null && $attribute !== null) {
            $changed = $this->attributes->remove($customer, SetAttribute::name($attribute), $code) || $changed;
        }

        return Outcome::of($changed, $ours === null ? [] : ['coupon_id' => (string)$ours['coupon']]);
    }
}
