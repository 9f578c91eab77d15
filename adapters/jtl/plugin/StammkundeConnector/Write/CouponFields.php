<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

/**
 * The fields that changes about coupons share.
 */
final class CouponFields
{
    public static function code(Change $change): string
    {
        $code = $change->text('code');
        if (\preg_match('/^[A-Z0-9-]{4,32}$/D', $code) !== 1) {
            throw new Refusal('code-invalid', 'A code has 4 to 32 of A-Z 0-9 -');
        }

        return $code;
    }

    public static function mark(Change $change): string
    {
        $mark = $change->text('mark');
        if (\preg_match('/^sk:[^:\[\]\s]+:[^:\[\]\s]+:\d{1,9}$/uD', $mark) !== 1 || \strlen($mark) > 191) {
            throw new Refusal('mark-invalid', 'A mark looks like sk:campaign:person:1 and has at most 191 bytes.');
        }

        return $mark;
    }
}
