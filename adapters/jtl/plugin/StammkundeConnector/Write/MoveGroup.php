<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Read\Groups;

/**
 * Moves a customer between customer groups, only between those that the owner named in the settings: a group decides
 * prices and payment methods, and dealers must stay dealers.
 */
final class MoveGroup implements Handler
{
    public function __construct(
        private readonly Shop $shop,
        private readonly People $people,
        private readonly Groups $groups,
    ) {
    }

    public function scope(): string
    {
        return 'groups';
    }

    public function apply(Change $change): Outcome
    {
        $customer = $change->customer();
        $from     = $this->group($change->text('from'));
        $to       = $this->group($change->text('to'));
        $now      = $this->people->require($customer)['group'];
        if ($now === $to) {
            return Outcome::of(false);
        }
        if ($now !== $from) {
            throw new Refusal('group-differs', 'The customer is no longer in the group to be moved from.');
        }
        $this->shop->moveCustomer($customer, $to);

        return Outcome::of(true);
    }

    /** The id of a group that may be moved from and to, by its name or id. */
    private function group(string $wanted): int
    {
        foreach ($this->groups->all() as $group) {
            if ($group['name'] !== $wanted && $group['id'] !== $wanted) {
                continue;
            }
            if (!$group['movable']) {
                throw new Refusal(
                    'group-not-allowed',
                    'Customers are moved only between the groups named in the plugin\'s settings; "'
                    . $group['name'] . '" is not one of them.',
                );
            }

            return (int)$group['id'];
        }

        throw new Refusal('group-unknown', 'There is no customer group "' . $wanted . '".');
    }
}
