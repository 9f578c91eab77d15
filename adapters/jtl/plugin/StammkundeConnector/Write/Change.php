<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Shop\Times;

/**
 * One change as it was sent, with its fields read strictly.
 */
final class Change
{
    /** @param array<array-key, mixed> $fields */
    public function __construct(private readonly array $fields, public readonly string $run)
    {
    }

    public function has(string $name): bool
    {
        return isset($this->fields[$name]);
    }

    public function text(string $name): string
    {
        $value = $this->fields[$name] ?? null;
        if (!\is_string($value) || \preg_match('//u', $value) !== 1) {
            throw self::invalid($name, 'a text');
        }

        return $value;
    }

    public function optionalText(string $name): ?string
    {
        return $this->has($name) ? $this->text($name) : null;
    }

    public function customer(string $name = 'customer_id'): int
    {
        $value = $this->fields[$name] ?? null;
        if (!\is_string($value) && !\is_int($value)) {
            throw self::invalid($name, 'the id of a customer');
        }
        if (\preg_match('/^[1-9]\d{0,9}$/D', (string)$value) !== 1) {
            throw new Refusal('customer-unknown', 'There is no customer with this id.');
        }

        return (int)$value;
    }

    public function optionalCustomer(string $name = 'customer_id'): ?int
    {
        return $this->has($name) ? $this->customer($name) : null;
    }

    /** Like `optionalText`, but the field has to be there, if only as null. */
    public function nullableText(string $name): ?string
    {
        if (!\array_key_exists($name, $this->fields)) {
            throw self::invalid($name, 'a text or null');
        }

        return $this->optionalText($name);
    }

    public function number(string $name): ?float
    {
        $value = $this->fields[$name] ?? null;
        if ($value === null) {
            return null;
        }
        if ((!\is_int($value) && !\is_float($value)) || !\is_finite((float)$value)) {
            throw self::invalid($name, 'a number');
        }

        return (float)$value;
    }

    public function flag(string $name): bool
    {
        $value = $this->fields[$name] ?? false;
        if (!\is_bool($value)) {
            throw self::invalid($name, 'true or false');
        }

        return $value;
    }

    public function time(string $name): int
    {
        $value = $this->fields[$name] ?? null;
        $time  = \is_string($value) ? Times::parse($value) : null;
        if ($time === null) {
            throw new Refusal('dates-invalid', $name . ' is not a time such as 2026-11-22T03:55:20Z.');
        }

        return $time;
    }

    /** @return list<string> */
    public function texts(string $name): array
    {
        $values = $this->fields[$name] ?? [];
        if (!\is_array($values) || !\array_is_list($values)) {
            throw self::invalid($name, 'a list of texts');
        }
        foreach ($values as $value) {
            if (!\is_string($value)) {
                throw self::invalid($name, 'a list of texts');
            }
        }

        return $values;
    }

    /** @return array<string, string> */
    public function textsByName(string $name): array
    {
        $values = $this->fields[$name] ?? [];
        if (!\is_array($values)) {
            throw self::invalid($name, 'an object of texts');
        }
        $texts = [];
        foreach ($values as $key => $value) {
            if (!\is_string($value)) {
                throw self::invalid($name, 'an object of texts');
            }
            $texts[(string)$key] = $value;
        }

        return $texts;
    }

    private static function invalid(string $name, string $wanted): Refusal
    {
        return new Refusal('field-invalid', 'The field ' . $name . ' is missing or not ' . $wanted . '.');
    }
}
