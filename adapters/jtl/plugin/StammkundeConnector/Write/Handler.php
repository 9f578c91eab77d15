<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

/**
 * Applies one type of change. Applied twice it changes nothing the second time.
 */
interface Handler
{
    /** The scope a key needs. */
    public function scope(): string;

    /** @throws Refusal */
    public function apply(Change $change): Outcome;
}
