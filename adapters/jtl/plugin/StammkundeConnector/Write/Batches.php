<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Write;

use Plugin\StammkundeConnector\Access\Key;
use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Http\Problem;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Settings;
use Plugin\StammkundeConnector\Store\Tables;
use Throwable;

/**
 * Applies batches of changes, one at a time, and remembers the answers for a week.
 */
final class Batches
{
    public const MAX_CHANGES = 500;

    private const LOCK = 'stammkunde_changes';
    private const WAIT = 20;
    private const WEEK = 604800;

    /** @param array<string, Handler> $handlers by type of change */
    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Settings $settings,
        private readonly array $handlers,
    ) {
    }

    /**
     * @param array<array-key, mixed> $body
     * @return array<string, mixed>
     */
    public function apply(array $body, Key $key): array
    {
        [$run, $batch, $changes, $installation] = self::parse($body);
        $this->requireAnyScope($key);
        if (!$this->database->lock(self::LOCK, self::WAIT)) {
            throw new Problem(503, 'busy', 'Another batch of changes is being applied.', ['Retry-After' => '10']);
        }
        try {
            $content = \hash('sha256', (string)\json_encode($changes));
            $stored  = $this->stored($run, $batch, $content);
            if ($stored !== null) {
                return $stored;
            }
            $this->claim($installation);
            $results = \array_map(fn(mixed $change): array => $this->result($change, $run, $key)->content(), $changes);
            $answer  = ['run' => $run, 'batch' => $batch, 'repeated' => false, 'results' => $results];
            // What the shop failed at may succeed when the batch is sent again, so that answer is not kept.
            if (!\in_array('failed', \array_column(\array_column($results, 'error'), 'code'), true)) {
                $this->store($run, $batch, $content, $answer);
            }

            return $answer;
        } finally {
            $this->database->unlock(self::LOCK);
        }
    }

    /** @return array<string, mixed> */
    public function run(string $run): array
    {
        $rows = $this->database->rows(
            'SELECT batch, changes, created FROM ' . Tables::BATCHES . ' WHERE run = :run ORDER BY batch',
            ['run' => $run],
        );

        return [
            'run'     => $run,
            'busy'    => $this->database->isLocked(self::LOCK),
            'batches' => \array_map(static fn(array $row): array => [
                'batch'   => (int)$row['batch'],
                'at'      => Times::iso((int)$row['created']),
                'changes' => (int)$row['changes'],
            ], $rows),
        ];
    }

    /**
     * @param array<array-key, mixed> $body
     * @return array{string, int, non-empty-list<mixed>, string|null}
     */
    private static function parse(array $body): array
    {
        $run          = $body['run'] ?? null;
        $batch        = $body['batch'] ?? null;
        $changes      = $body['changes'] ?? null;
        $installation = $body['installation'] ?? null;
        if (!\is_string($run) || \preg_match('/^[A-Za-z0-9._:-]{1,64}$/D', $run) !== 1) {
            throw Problem::badRequest('run is not 1 to 64 of A-Z a-z 0-9 . _ : -');
        }
        if (!\is_int($batch) || $batch < 0 || $batch > 2_000_000_000) {
            throw Problem::badRequest('batch is not a number from 0 up.');
        }
        if (!\is_array($changes) || !\array_is_list($changes) || $changes === []) {
            throw Problem::badRequest('changes is not a list of changes.');
        }
        if (\count($changes) > self::MAX_CHANGES) {
            throw Problem::badRequest('A batch takes at most ' . self::MAX_CHANGES . ' changes.');
        }
        $isName = $installation === null
            || (\is_string($installation) && \preg_match('/^[A-Za-z0-9._:-]{1,64}$/D', $installation) === 1);
        if (!$isName) {
            throw Problem::badRequest('installation is not 1 to 64 of A-Z a-z 0-9 . _ : -');
        }

        return [$run, $batch, $changes, $installation];
    }

    /** A key that may change nothing takes no run's name either, nor the place of the one installation that writes. */
    private function requireAnyScope(Key $key): void
    {
        foreach ($this->handlers as $handler) {
            if ($key->may($handler->scope())) {
                return;
            }
        }
        throw new Problem(403, 'scope-missing', 'This key may change nothing in this shop.');
    }

    /** Two installations would undo each other's tags. */
    private function claim(?string $installation): void
    {
        $known = $this->settings->installation();
        if ($installation !== null && $known === null) {
            $this->settings->setInstallation($installation);
        } elseif ($known !== null && $known !== $installation) {
            throw new Problem(
                409,
                'other-installation',
                'Another installation of Stammkunde writes to this shop. It is released in the plugin\'s settings.',
            );
        }
    }

    private function result(mixed $fields, string $run, Key $key): Outcome
    {
        if (!\is_array($fields)) {
            return Outcome::refused('field-invalid', 'A change is not an object.');
        }
        $type    = $fields['type'] ?? null;
        $handler = \is_string($type) ? $this->handlers[$type] ?? null : null;
        if ($handler === null) {
            return Outcome::refused('type-unknown', 'There is no change of this type.');
        }
        if (!$key->may($handler->scope())) {
            return Outcome::refused(
                'scope-missing',
                'This key may not do that: the scope "' . $handler->scope() . '" is missing.',
            );
        }
        try {
            return $this->database->transaction(static fn(): Outcome => $handler->apply(new Change($fields, $run)));
        } catch (Refusal $refusal) {
            return Outcome::refused($refusal->name, $refusal->getMessage());
        } catch (Throwable $error) {
            $this->shop->report($error);

            return Outcome::refused('failed', 'The shop failed at this change. Its log says why.');
        }
    }

    /** @return array<string, mixed>|null */
    private function stored(string $run, int $batch, string $content): ?array
    {
        $row = $this->database->row(
            'SELECT content, answer FROM ' . Tables::BATCHES . ' WHERE run = :run AND batch = :batch',
            ['run' => $run, 'batch' => $batch],
        );
        if ($row === null) {
            return null;
        }
        if ($row['content'] !== $content) {
            throw new Problem(409, 'batch-differs', 'This run and batch were sent before with other changes.');
        }
        $answer = \json_decode((string)$row['answer'], true, 16, \JSON_THROW_ON_ERROR);

        return [...$answer, 'repeated' => true];
    }

    /** @param array<string, mixed> $answer */
    private function store(string $run, int $batch, string $content, array $answer): void
    {
        $now = $this->shop->now();
        $this->database->run(
            'DELETE FROM ' . Tables::BATCHES . ' WHERE created < :old',
            ['old' => $now - self::WEEK],
        );
        $this->database->run(
            'INSERT INTO ' . Tables::BATCHES . ' (run, batch, content, changes, answer, created)
                VALUES (:run, :batch, :content, :changes, :answer, :now)',
            [
                'run'     => $run,
                'batch'   => $batch,
                'content' => $content,
                'changes' => \count($answer['results']),
                'answer'  => \json_encode($answer, \JSON_THROW_ON_ERROR),
                'now'     => $now,
            ],
        );
    }
}
