<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Store\Settings;

/**
 * Who is told, with which secret, and since when it does not answer.
 */
final class Receiver
{
    private const FIRST_WAIT   = 30;
    private const LONGEST_WAIT = 3600;

    public function __construct(private readonly Settings $settings, private readonly Shop $shop)
    {
    }

    public function isOn(): bool
    {
        return $this->address() !== null;
    }

    public function address(): ?string
    {
        return $this->settings->webhookAddress();
    }

    public function secret(): string
    {
        return $this->shop->decrypt($this->settings->webhookSecret() ?? '');
    }

    /**
     * Tell this address from now on.
     *
     * @return string|null the secret if a new one was made; it cannot be shown again
     */
    public function tell(string $address, bool $withNewSecret): ?string
    {
        $new = $withNewSecret || $this->settings->webhookSecret() === null ? Signature::newSecret() : null;
        if ($new !== null) {
            $this->settings->setWebhookSecret($this->shop->encrypt($new));
        }
        $this->settings->setWebhookAddress($address);
        $this->settings->setWebhookTrouble([]);

        return $new;
    }

    public function switchOff(): void
    {
        $this->settings->setWebhookAddress('');
        $this->settings->setWebhookTrouble([]);
    }

    /** @return array{since?: int, failures?: int, until?: int, status?: int} empty while all is well */
    public function trouble(): array
    {
        return $this->settings->webhookTrouble();
    }

    /** Whether another attempt is due. */
    public function isDue(int $now): bool
    {
        return ($this->trouble()['until'] ?? 0) <= $now;
    }

    public function answered(): void
    {
        if ($this->trouble() !== []) {
            $this->settings->setWebhookTrouble([]);
        }
    }

    /** Half a minute later, then a minute, and so on up to an hour. */
    public function failed(int $status, int $now): void
    {
        $trouble  = $this->trouble();
        $failures = ($trouble['failures'] ?? 0) + 1;
        $this->settings->setWebhookTrouble([
            'since'    => $trouble['since'] ?? $now,
            'failures' => $failures,
            'until'    => $now + \min(self::LONGEST_WAIT, self::FIRST_WAIT * 2 ** \min($failures - 1, 12)),
            'status'   => $status,
        ]);
    }

    /** Why an address cannot be used, or null. What is signed can still be read on the way, so it is https. */
    public static function refusal(string $address): ?string
    {
        $parts = \parse_url($address);
        $host  = \trim((string)($parts['host'] ?? ''), '[]');
        if (!\filter_var($address, \FILTER_VALIDATE_URL) || $host === '' || isset($parts['user'])) {
            return 'This is no address such as https://your-host/hooks/laden.';
        }
        if (\strlen($address) > 500) {
            return 'This address is too long.';
        }

        return match ($parts['scheme'] ?? '') {
            'https' => null,
            'http'  => self::isNear($host) ? null : 'An address outside your own network begins with https://.',
            default => 'The address begins with https://.',
        };
    }

    private static function isNear(string $host): bool
    {
        if ($host === 'localhost') {
            return true;
        }
        $public = \FILTER_FLAG_NO_PRIV_RANGE | \FILTER_FLAG_NO_RES_RANGE;

        return \filter_var($host, \FILTER_VALIDATE_IP) !== false
            && \filter_var($host, \FILTER_VALIDATE_IP, $public) === false;
    }
}
