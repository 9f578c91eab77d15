<?php

// A receiver of webhooks for `php -S`: writes down what comes; the path says what to answer.
[, $answer, $seconds] = explode('/', (string)$_SERVER['REQUEST_URI']) + ['', '200', '0'];
$headers = array_filter($_SERVER, static fn(string $name): bool => str_starts_with($name, 'HTTP_'), ARRAY_FILTER_USE_KEY);
file_put_contents(
    (string)getenv('RECEIVED'),
    json_encode(['headers' => $headers, 'body' => file_get_contents('php://input')]) . "\n",
    FILE_APPEND,
);
sleep((int)$seconds);
http_response_code((int)$answer);
