<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Webhooks;

use Closure;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Feed\Feed;
use Plugin\StammkundeConnector\Feed\Source;
use Throwable;

/**
 * What one request changes: noticed when a hook says so, or at its end where the hook comes before the change.
 * Nothing here ever breaks a checkout.
 */
final class Watch
{
    /** @var list<array{Source, Closure(): int}> */
    private array $later = [];

    public function __construct(
        private readonly Feed $feed,
        private readonly Webhooks $webhooks,
        private readonly Shop $shop,
    ) {
    }

    public function notice(Source $source, int $id): void
    {
        $this->attempt(fn() => $this->noticeAll($source, [$id]));
    }

    /** @param Closure(): int $id of a record that is about to change; 0 if it came to nothing */
    public function noticeAtEnd(Source $source, Closure $id): void
    {
        $this->later[] = [$source, $id];
    }

    /**
     * The request is through.
     *
     * @param Closure(): bool $isNobodyWaiting asked only if there is something to send; it may close the answer
     */
    public function end(Closure $isNobodyWaiting): void
    {
        $this->attempt(function () use ($isNobodyWaiting): void {
            $this->noticeLater();
            if ($this->webhooks->isDue() && $isNobodyWaiting()) {
                $this->webhooks->send();
            }
        });
    }

    private function noticeLater(): void
    {
        $sources = [];
        $ids     = [];
        foreach ($this->later as [$source, $id]) {
            $sources[$source->kind()] = $source;
            $ids[$source->kind()][]   = $id();
        }
        $this->later = [];
        foreach ($sources as $kind => $source) {
            $this->noticeAll($source, \array_values(\array_unique($ids[$kind])));
        }
    }

    /** @param list<int> $ids */
    private function noticeAll(Source $source, array $ids): void
    {
        $ids = \array_values(\array_filter($ids, static fn(int $id): bool => $id > 0));
        $this->webhooks->note($source->kind(), $this->feed->notice($source, $ids));
    }

    /** @param Closure(): void $work */
    private function attempt(Closure $work): void
    {
        try {
            $work();
        } catch (Throwable $error) {
            $this->shop->report($error);
        }
    }
}
