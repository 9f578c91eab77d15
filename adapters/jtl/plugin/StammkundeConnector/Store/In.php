<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Store;

/**
 * The right side of an SQL `IN`: values become bound parameters.
 */
final class In
{
    /**
     * @param list<int|string> $values
     * @return array{string, array<string, int|string>} the list with its brackets, and its parameters
     */
    public static function list(array $values, string $name = 'v'): array
    {
        if ($values === []) {
            return ['(NULL)', []];
        }
        $params = [];
        foreach ($values as $i => $value) {
            $params[$name . $i] = $value;
        }

        return ['(:' . \implode(', :', \array_keys($params)) . ')', $params];
    }

    /**
     * Numbers need no parameters, and a list of thousands of them would exceed what a driver binds.
     *
     * @param list<int> $ids
     */
    public static function ids(array $ids): string
    {
        return '(' . ($ids === [] ? 'NULL' : \implode(', ', \array_map('intval', $ids))) . ')';
    }
}
