<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Admin;

use JTL\Smarty\JTLSmarty;
use Plugin\StammkundeConnector\Parts;
use Plugin\StammkundeConnector\Webhooks\Receiver;

/**
 * Webhooks in the settings: address, secret, and whether they arrive.
 */
final class WebhookCard
{
    private ?string $secret = null;

    private ?string $refusal = null;

    private ?int $tested = null;

    public function __construct(private readonly Parts $parts)
    {
    }

    /** @param string $what the button: save, secret, test or off */
    public function act(string $what, string $address): void
    {
        match ($what) {
            'save'   => $this->tell(\trim($address), false),
            'secret' => $this->tell((string)$this->parts->receiver->address(), true),
            'test'   => $this->tested = $this->parts->receiver->isOn() ? $this->parts->webhooks->test() : null,
            'off'    => $this->parts->webhooks->switchOff(),
            default  => null,
        };
    }

    public function assign(JTLSmarty $smarty): void
    {
        $smarty->assign('stammkundeHook', [
            'address' => $this->parts->receiver->address(),
            'secret'  => $this->secret,
            'refusal' => $this->refusal,
            'tested'  => $this->tested,
            'able'    => $this->parts->webhooks->isAble(),
            'waiting' => $this->parts->webhooks->waiting(),
            'trouble' => $this->parts->receiver->trouble(),
        ]);
    }

    private function tell(string $address, bool $withNewSecret): void
    {
        $this->refusal = Receiver::refusal($address);
        if ($this->refusal === null) {
            $this->secret = $this->parts->receiver->tell($address, $withNewSecret);
        }
    }
}
