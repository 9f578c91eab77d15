<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Http;

use Plugin\StammkundeConnector\Access\Key;
use Plugin\StammkundeConnector\Access\Keys;
use Plugin\StammkundeConnector\Access\RateLimit;
use Plugin\StammkundeConnector\Contract\Shop;
use Throwable;

/**
 * The front door: whatever comes in, JSON with the right status goes out.
 */
final class Api
{
    public const BASE = '/stammkunde/v1';

    private const REQUESTS_A_MINUTE   = 1200;
    private const WRONG_KEYS_A_MINUTE = 30;

    public function __construct(
        private readonly Shop $shop,
        private readonly Keys $keys,
        private readonly RateLimit $rateLimit,
        private readonly Routes $routes,
    ) {
    }

    public function answer(Request $request): Answer
    {
        try {
            return new Answer($this->routes->answer($request, $this->key($request)));
        } catch (Problem $problem) {
            return Answer::problem($problem);
        } catch (Throwable $error) {
            $this->shop->report($error);

            return Answer::problem(new Problem(500, 'internal', 'The plugin failed. The shop\'s log says why.'));
        }
    }

    private function key(Request $request): Key
    {
        $now = $this->shop->now();
        $key = $this->keys->recognise($request->key, $now);
        if ($key === null) {
            $this->count('wrong ' . self::network($request->address), self::WRONG_KEYS_A_MINUTE, $now);
            throw $request->key === ''
                ? new Problem(401, 'key-missing', 'The header X-Stammkunde-Key is missing.')
                : new Problem(401, 'key-wrong', 'This key is unknown or was revoked.');
        }
        $this->count('key ' . $key->id, self::REQUESTS_A_MINUTE, $now);

        return $key;
    }

    /** Whom an address stands for: of IPv6 everybody has a whole network of 64 bits to choose from. */
    private static function network(string $address): string
    {
        $isLong = \filter_var($address, \FILTER_VALIDATE_IP, \FILTER_FLAG_IPV6) !== false;
        $bytes  = $isLong ? (string)\inet_pton($address) : '';
        $isIpv4 = \str_starts_with($bytes, \str_repeat("\0", 10) . "\xff\xff");

        return $bytes === '' || $isIpv4 ? $address : \bin2hex(\substr($bytes, 0, 8));
    }

    private function count(string $bucket, int $most, int $now): void
    {
        if (!$this->rateLimit->allows($bucket, $most, $now)) {
            throw new Problem(
                429,
                'too-many',
                'Too many requests within a minute.',
                ['Retry-After' => (string)RateLimit::secondsLeft($now)],
            );
        }
    }
}
