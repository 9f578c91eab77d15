<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

use CurlHandle;

/**
 * PHP's curl. One connection serves all messages of a request.
 */
final class CurlMessenger implements Messenger
{
    private const SECONDS = 2;

    private ?CurlHandle $curl = null;

    public function isAble(): bool
    {
        return \function_exists('curl_init');
    }

    public function post(string $address, array $headers, string $body): int
    {
        if (!$this->isAble()) {
            return 0;
        }
        $this->curl ??= \curl_init() ?: null;
        if ($this->curl === null) {
            return 0;
        }
        $lines = [];
        foreach ($headers as $name => $value) {
            $lines[] = $name . ': ' . $value;
        }
        \curl_setopt_array($this->curl, [
            \CURLOPT_URL            => $address,
            \CURLOPT_POSTFIELDS     => $body,
            // Without "Expect:" curl waits a second before it sends a body that is larger than a page.
            \CURLOPT_HTTPHEADER     => [...$lines, 'Expect:'],
            \CURLOPT_PROTOCOLS      => \CURLPROTO_HTTP | \CURLPROTO_HTTPS,
            \CURLOPT_FOLLOWLOCATION => false,
            \CURLOPT_TIMEOUT        => self::SECONDS,
            \CURLOPT_CONNECTTIMEOUT => self::SECONDS,
            \CURLOPT_NOSIGNAL       => true,
            // What is answered does not matter, and may be large.
            \CURLOPT_WRITEFUNCTION  => static fn(CurlHandle $curl, string $part): int => \strlen($part),
        ]);

        return \curl_exec($this->curl) === false ? 0 : (int)\curl_getinfo($this->curl, \CURLINFO_RESPONSE_CODE);
    }
}
