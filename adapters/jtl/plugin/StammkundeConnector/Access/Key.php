<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Access;

/**
 * A key that was recognised. The secret itself is not in it.
 */
final class Key
{
    /** @param list<string> $scopes */
    public function __construct(
        public readonly string $id,
        public readonly string $name,
        public readonly array $scopes,
    ) {
    }

    public function may(string $scope): bool
    {
        return \in_array($scope, $this->scopes, true);
    }
}
