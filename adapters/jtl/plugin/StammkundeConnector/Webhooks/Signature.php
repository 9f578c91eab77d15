<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

/**
 * Signed as the Standard Webhooks specification says (https://www.standardwebhooks.com): HMAC-SHA256 over the
 * message's id, the second of the attempt and the body. The second keeps old deliveries from being sent again.
 */
final class Signature
{
    private const PREFIX = 'whsec_';

    public static function newSecret(): string
    {
        return self::PREFIX . \base64_encode(\random_bytes(32));
    }

    /** @return array<string, string> the headers of one attempt */
    public static function headers(string $secret, string $id, string $body, int $now): array
    {
        $key  = (string)\base64_decode(\substr($secret, \strlen(self::PREFIX)), true);
        $hash = \hash_hmac('sha256', $id . '.' . $now . '.' . $body, $key, true);

        return [
            'Content-Type'      => 'application/json',
            'User-Agent'        => 'Stammkunde-Connector',
            'webhook-id'        => $id,
            'webhook-timestamp' => (string)$now,
            'webhook-signature' => 'v1,' . \base64_encode($hash),
        ];
    }
}
