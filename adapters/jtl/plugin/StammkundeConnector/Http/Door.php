<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Http;

use Closure;
use Laminas\Diactoros\Response\TextResponse;
use Laminas\Diactoros\ServerRequestFactory;
use Laminas\HttpHandlerRunner\Emitter\SapiEmitter;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;

/**
 * Between the shop's router and the API. Warnings of PHP go to the log and never into an answer.
 */
final class Door
{
    /** @param Closure(): Api $api made only when a request is for us */
    public function __construct(private readonly Closure $api)
    {
    }

    /**
     * The shop's router decodes a JSON body before it asks any route, and dies of one that is malformed. Bodies that
     * are malformed or too large are therefore answered here, before it.
     */
    public function answerUnreadable(): void
    {
        $path   = (string)\parse_url((string)($_SERVER['REQUEST_URI'] ?? ''), \PHP_URL_PATH);
        $type   = (string)($_SERVER['CONTENT_TYPE'] ?? $_SERVER['HTTP_CONTENT_TYPE'] ?? '');
        $isOurs = \str_contains($path, Api::BASE) && \stripos($type, 'json') !== false;
        if (!$isOurs || self::isReadable((int)($_SERVER['CONTENT_LENGTH'] ?? 0))) {
            return;
        }
        (new SapiEmitter())->emit($this->handle(ServerRequestFactory::fromGlobals(null, null, [])));
        exit;
    }

    public function handle(ServerRequestInterface $request): ResponseInterface
    {
        $shown = \ini_set('display_errors', '0');
        try {
            // In maintenance mode the shop sends every request to its maintenance page, and us along with it.
            $answer = \str_contains($request->getUri()->getPath(), Api::BASE)
                ? ($this->api)()->answer($this->request($request))
                : Answer::problem(new Problem(
                    503,
                    'maintenance',
                    'The shop is in maintenance mode.',
                    ['Retry-After' => '300'],
                ));
            $this->dropSession($request);
            $json = $answer->json();
        } finally {
            \ini_set('display_errors', (string)$shown);
        }

        return new TextResponse($json, $answer->status, [
            'Content-Type'           => 'application/json; charset=utf-8',
            'Cache-Control'          => 'no-store',
            'X-Content-Type-Options' => 'nosniff',
            ...$answer->headers,
        ]);
    }

    private static function isReadable(int $length): bool
    {
        if ($length > Request::MAX_BODY) {
            return false;
        }
        $text = (string)\file_get_contents('php://input', false, null, 0, Request::MAX_BODY + 1);

        return $text === ''
            || (\strlen($text) <= Request::MAX_BODY && \is_array(\json_decode($text, true, Request::MAX_DEPTH)));
    }

    private function request(ServerRequestInterface $request): Request
    {
        $path = $request->getUri()->getPath();
        $at   = \strpos($path, Api::BASE);

        return new Request(
            $request->getMethod(),
            \ltrim(\substr($path, (int)$at + \strlen(Api::BASE)), '/'),
            $request->getQueryParams(),
            \trim($request->getHeaderLine('X-Stammkunde-Key')),
            $request->getHeaderLine('Content-Type'),
            (int)$request->getHeaderLine('Content-Length'),
            (string)($request->getServerParams()['REMOTE_ADDR'] ?? ''),
            static fn(int $most): string => self::read($request, $most),
        );
    }

    private static function read(ServerRequestInterface $request, int $most): string
    {
        $stream = $request->getBody();
        $text   = '';
        while (\strlen($text) < $most && !$stream->eof()) {
            $text .= $stream->read($most - \strlen($text));
        }

        return $text;
    }

    /** The shop opens a session for every visitor; one per API call would pile up. */
    private function dropSession(ServerRequestInterface $request): void
    {
        if (\session_status() === \PHP_SESSION_ACTIVE && !isset($request->getCookieParams()[(string)\session_name()])) {
            \session_destroy();
            \header_remove('Set-Cookie');
        }
    }
}
