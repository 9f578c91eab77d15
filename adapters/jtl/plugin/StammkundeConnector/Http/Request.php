<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Http;

use Closure;
use Plugin\StammkundeConnector\Shop\Times;

/**
 * A request with its parameters read strictly: what is malformed is refused, never guessed.
 */
final class Request
{
    public const MAX_BODY  = 2_000_000;
    public const MAX_DEPTH = 16;

    /**
     * @param string $path below the base, without a slash at its start
     * @param array<array-key, mixed> $query
     * @param Closure(int): string $read gives at most so many bytes of the body
     */
    public function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly array $query,
        public readonly string $key,
        public readonly string $contentType,
        public readonly int $contentLength,
        public readonly string $address,
        private readonly Closure $read,
    ) {
    }

    public function text(string $name): ?string
    {
        $value = $this->query[$name] ?? null;
        if ($value === null || $value === '') {
            return null;
        }
        if (!\is_string($value) || \preg_match('//u', $value) !== 1) {
            throw Problem::badRequest($name . ' is not a text.');
        }

        return $value;
    }

    public function limit(int $default, int $most): int
    {
        $text = $this->text('limit');
        if ($text === null) {
            return $default;
        }
        if (\preg_match('/^\d{1,5}$/D', $text) !== 1 || (int)$text < 1 || (int)$text > $most) {
            throw Problem::badRequest('limit is not a number from 1 to ' . $most . '.');
        }

        return (int)$text;
    }

    /** An id behind which a sweep goes on; 0 at its start. */
    public function position(): int
    {
        $text = $this->text('after') ?? '0';
        if (\preg_match('/^\d{1,10}$/D', $text) !== 1) {
            throw Problem::badRequest('after is not the "next" of a page.');
        }

        return (int)$text;
    }

    public function time(string $name): ?int
    {
        $text = $this->text($name);
        if ($text === null) {
            return null;
        }
        // A plus sign that was not escaped arrives as a blank.
        $time = Times::parse(\str_replace(' ', '+', $text));
        if ($time === null) {
            throw Problem::badRequest($name . ' is not a time such as 2026-11-22T03:55:20Z.');
        }

        return $time;
    }

    /** @return list<int> */
    public function ids(string $name, int $most): array
    {
        $text = $this->text($name) ?? throw Problem::badRequest($name . ' is missing.');
        if (\preg_match('/^\d{1,10}(,\d{1,10})*$/D', $text) !== 1) {
            throw Problem::badRequest($name . ' is not a list of ids such as 1,2,12.');
        }
        $ids = \array_values(\array_unique(\array_map('intval', \explode(',', $text))));
        if (\count($ids) > $most) {
            throw Problem::badRequest($name . ' names more than ' . $most . ' ids.');
        }

        return $ids;
    }

    /** @return list<string> */
    public function texts(string $name, int $most): array
    {
        $text  = $this->text($name) ?? throw Problem::badRequest($name . ' is missing.');
        $texts = \array_values(\array_unique(\explode(',', $text)));
        if (\count($texts) > $most) {
            throw Problem::badRequest($name . ' names more than ' . $most . '.');
        }

        return $texts;
    }

    /** @return array<array-key, mixed> */
    public function body(): array
    {
        if (\preg_match('#^application/json\s*(;|$)#i', $this->contentType) !== 1) {
            throw new Problem(415, 'content-type', 'The body has to be sent as application/json.');
        }
        $text = $this->contentLength > self::MAX_BODY ? null : ($this->read)(self::MAX_BODY + 1);
        if ($text === null || \strlen($text) > self::MAX_BODY) {
            throw new Problem(413, 'too-large', 'The body is larger than 2 MB.');
        }
        $body = \json_decode($text, true, self::MAX_DEPTH);
        if (!\is_array($body)) {
            throw Problem::badRequest('The body is not a JSON object: ' . \json_last_error_msg() . '.');
        }

        return $body;
    }
}
