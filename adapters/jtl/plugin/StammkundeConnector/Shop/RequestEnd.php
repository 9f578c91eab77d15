<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Shop;

use JTL\Session\Frontend;
use JTL\Shop as Core;
use Plugin\StammkundeConnector\Http\Api;

/**
 * The end of a request: whether something may now take a second or two without anybody waiting for it.
 */
final class RequestEnd
{
    /** Calls `$work` as the very last thing of this request, behind what other plugins do at its end. */
    public static function call(callable $work): void
    {
        \register_shutdown_function(static function () use ($work): void {
            \register_shutdown_function($work);
        });
    }

    /** Closes the answer where PHP runs as FastCGI or under LiteSpeed; else looks who is there. */
    public static function isNobodyWaiting(): bool
    {
        // Else the visitor's next request would wait for this one's session.
        if (\session_status() === \PHP_SESSION_ACTIVE) {
            \session_write_close();
        }
        \ignore_user_abort(true);
        foreach (['fastcgi_finish_request', 'litespeed_finish_request'] as $finish) {
            if (\function_exists($finish)) {
                $finish();

                return true;
            }
        }

        return self::isMachine() || self::isPasserBy();
    }

    /** JTL-Wawi, the shop's cron, or Stammkunde itself. */
    private static function isMachine(): bool
    {
        return \PHP_SAPI === 'cli'
            || \defined('JTLCRON')
            || \str_contains((string)($_SERVER['SCRIPT_NAME'] ?? ''), '/dbeS/')
            || \str_contains((string)($_SERVER['REQUEST_URI'] ?? ''), Api::BASE);
    }

    /** Somebody who looks at a page and is not about to buy. */
    private static function isPasserBy(): bool
    {
        $checkout = [\PAGE_WARENKORB, \PAGE_BESTELLVORGANG, \PAGE_BESTELLABSCHLUSS];

        return ($_SERVER['REQUEST_METHOD'] ?? '') === 'GET'
            && !\in_array(Core::getPageType(), $checkout, true)
            && Frontend::getCart()->PositionenArr === [];
    }
}
