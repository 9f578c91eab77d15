<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Store\Attributes;

/**
 * Stores one named value on a customer, or removes it.
 */
final class SetAttribute implements Handler
{
    public function __construct(
        private readonly Shop $shop,
        private readonly People $people,
        private readonly Attributes $attributes,
    ) {
    }

    public function scope(): string
    {
        return 'coupons';
    }

    public function apply(Change $change): Outcome
    {
        $customer = $change->customer();
        $name     = self::name($change->text('name'));
        $value    = $change->nullableText('value');
        if ($value !== null && \mb_strlen($value) > Attributes::MAX_LENGTH) {
            throw new Refusal('attribute-invalid', 'A value has at most ' . Attributes::MAX_LENGTH . ' characters.');
        }
        $this->people->require($customer);

        return Outcome::of(
            $value === null
                ? $this->attributes->remove($customer, $name)
                : $this->attributes->set($customer, $name, $value, $change->run, $this->shop->now()),
        );
    }

    public static function name(string $name): string
    {
        if (\preg_match('/^[a-z0-9._-]{1,64}$/D', $name) !== 1) {
            throw new Refusal('attribute-invalid', 'The name of an attribute has 1 to 64 of a-z 0-9 . _ -');
        }

        return $name;
    }
}
