<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Store\Tags;

/**
 * Adds and removes tags by delta: what the change does not name stays.
 */
final class UpdateTags implements Handler
{
    public function __construct(
        private readonly Shop $shop,
        private readonly People $people,
        private readonly Tags $tags,
    ) {
    }

    public function scope(): string
    {
        return 'tags';
    }

    public function apply(Change $change): Outcome
    {
        $customer = $change->customer();
        $add      = self::valid($change->texts('add'));
        $remove   = self::valid($change->texts('remove'));
        if (\array_intersect_key($add, $remove) !== []) {
            throw new Refusal('tag-invalid', 'A tag is to be added and removed at once.');
        }
        $this->people->require($customer);
        $changed = false;
        foreach ($remove as $tag) {
            $changed = $this->tags->remove($customer, $tag) || $changed;
        }
        foreach ($add as $tag) {
            $changed = $this->tags->add($customer, $tag, $change->run, $this->shop->now()) || $changed;
        }
        if ($add !== [] && \count($this->tags->of([$customer])[$customer] ?? []) > Tags::MAX_PER_CUSTOMER) {
            throw new Refusal('too-many-tags', 'A customer takes at most ' . Tags::MAX_PER_CUSTOMER . ' tags.');
        }

        return Outcome::of($changed);
    }

    /**
     * @param list<string> $tags
     * @return array<string, string> by folded text
     */
    private static function valid(array $tags): array
    {
        $valid = [];
        foreach ($tags as $tag) {
            $isText = \preg_match('/^[^\p{C},]+$/uD', $tag) === 1 && \trim($tag) === $tag;
            if (!$isText || \mb_strlen($tag) > Tags::MAX_LENGTH) {
                throw new Refusal(
                    'tag-invalid',
                    'A tag has 1 to ' . Tags::MAX_LENGTH . ' characters, no comma and no blank at its ends.',
                );
            }
            $valid[Tags::fold($tag)] = $tag;
        }

        return $valid;
    }
}
