<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\CouponTerms;
use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Attributes;
use Plugin\StammkundeConnector\Store\Coupons;

/**
 * Makes one single-use coupon through the shop's own coupon class. Mark and code together are its identity.
 */
final class CreateCoupon implements Handler
{
    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Times $times,
        private readonly People $people,
        private readonly Coupons $coupons,
        private readonly Attributes $attributes,
        private readonly CouponGoods $goods,
    ) {
    }

    public function scope(): string
    {
        return 'coupons';
    }

    public function apply(Change $change): Outcome
    {
        $code     = CouponFields::code($change);
        $mark     = CouponFields::mark($change);
        $isOpen   = !$this->bound($change);
        // A code for somebody without a record in the shop (an order by phone, say) is nobody's here.
        $customer = $isOpen ? $change->optionalCustomer() : $change->customer();
        $known    = $this->known($mark, $code);
        if ($known !== null) {
            return Outcome::of(false, ['coupon_id' => (string)$known['coupon'], 'bound' => (string)$known['bound']]);
        }
        $person    = $customer === null ? null : $this->people->require($customer);
        $attribute = $change->optionalText('attribute');
        if ($attribute !== null) {
            SetAttribute::name($attribute);
            $customer ??= $change->customer();
        }
        [$starts, $ends] = $this->period($change);
        // A guest is a new record with each order and could never redeem a coupon bound to this one.
        $isBound = !$isOpen && $person !== null && $person['registered'];
        $terms   = $this->terms($change, $mark, $code, $isBound ? $customer : null, $starts, $ends);
        $id      = $this->shop->createCoupon($terms);
        $this->coupons->add($id, $mark, $terms, $starts, $ends, $change->run, $this->shop->now());
        if ($attribute !== null) {
            $this->attributes->set($customer, $attribute, $code, $change->run, $this->shop->now());
        }

        return Outcome::of(true, ['coupon_id' => (string)$id, 'bound' => $isBound ? 'customer' : 'anyone']);
    }

    /**
     * Our coupon with this mark and code if it exists.
     *
     * @return array<string, mixed>|null
     */
    private function known(string $mark, string $code): ?array
    {
        $ours  = $this->coupons->byMark($mark);
        $inUse = $this->database->value('SELECT kKupon FROM tkupon WHERE cCode = :code', ['code' => $code]);
        if ($ours !== null && $ours['code'] === $code) {
            if ($inUse === null || (int)$inUse !== (int)$ours['coupon']) {
                throw new Refusal('coupon-deleted', 'This coupon was made before and deleted in the backend.');
            }

            return $ours;
        }
        if ($ours !== null) {
            throw new Refusal('mark-taken', 'This mark already has another code.');
        }
        if ($inUse !== null || $this->coupons->byCode($code) !== null) {
            throw new Refusal('code-taken', 'There already is a coupon with this code.');
        }

        return null;
    }

    /** @return array{int, int} */
    private function period(Change $change): array
    {
        $starts = $change->time('starts');
        $ends   = $change->time('ends');
        if ($ends <= $starts) {
            throw new Refusal('dates-invalid', 'The coupon would end before it starts.');
        }
        if ($ends <= $this->shop->now()) {
            throw new Refusal('dates-invalid', 'The coupon would end in the past.');
        }

        return [$starts, $ends];
    }

    private function bound(Change $change): bool
    {
        $bound = $change->optionalText('bound') ?? 'customer';
        if (!\in_array($bound, ['customer', 'anyone'], true)) {
            throw new Refusal('field-invalid', 'The field bound is neither "customer" nor "anyone".');
        }

        return $bound === 'customer';
    }

    private function terms(
        Change $change,
        string $mark,
        string $code,
        ?int $customer,
        int $starts,
        int $ends,
    ): CouponTerms {
        [$percent, $amount] = $this->worth($change);
        $categories         = $this->goods->categories($change);
        if ($amount !== null && $categories !== []) {
            // The shop checks that one such product is in the basket, and then takes the amount off all of it.
            throw new Refusal('value-invalid', 'JTL-Shop keeps a percentage to categories, but not an amount.');
        }
        $articles           = $this->goods->articles($change, $categories);
        $minimum            = $change->number('minimum') ?? 0.0;
        if ($minimum < 0.0 || $minimum > 1_000_000.0) {
            throw new Refusal('minimum-invalid', 'The minimum is negative or above one million.');
        }
        $isInMoney = $amount !== null || $minimum > 0.0;
        if ($isInMoney && $change->text('currency') !== $this->shop->currency()) {
            throw new Refusal('currency-differs', 'Amounts are in ' . $this->shop->currency() . ' in this shop.');
        }
        $title = self::title($change->text('title'));

        return new CouponTerms(
            code: $code,
            // The name is cut, never the mark: by it our coupons are found again.
            internalName: \mb_substr($title, 0, 255 - \mb_strlen($mark) - 3) . ' [' . $mark . ']',
            title: $title,
            titles: \array_map(self::title(...), $change->textsByName('titles')),
            customerId: $customer,
            percent: $percent,
            amount: $amount,
            minimum: $minimum,
            starts: $this->times->startInShop($starts),
            ends: $this->times->inShop($ends),
            articles: $articles,
            categories: $articles === [] ? $categories : [],
            countries: $percent === null && $amount === null ? $this->goods->countries() : [],
        );
    }

    /** @return array{float|null, float|null} percent, amount; neither: free shipping */
    private function worth(Change $change): array
    {
        $percent = $change->number('percent');
        $amount  = $change->number('amount');
        $given   = ($percent === null ? 0 : 1) + ($amount === null ? 0 : 1) + ($change->flag('free_shipping') ? 1 : 0);
        if ($given !== 1) {
            throw new Refusal('value-invalid', 'A coupon has either percent, amount or free_shipping.');
        }
        if ($percent !== null && ($percent <= 0.0 || $percent > 100.0)) {
            throw new Refusal('value-invalid', 'percent is more than 0 and at most 100.');
        }
        if ($amount !== null && ($amount < 0.01 || $amount > 1_000_000.0)) {
            throw new Refusal('value-invalid', 'amount is at least 0.01 and at most one million.');
        }

        return [$percent, $amount];
    }

    private static function title(string $title): string
    {
        if (\preg_match('/^[^\p{Cc}<>]{1,200}$/uD', $title) !== 1 || \trim($title) === '') {
            throw new Refusal('title-invalid', 'A title has 1 to 200 characters on one line, without < and >.');
        }

        return \trim($title);
    }
}
