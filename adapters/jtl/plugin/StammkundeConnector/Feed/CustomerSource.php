<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Feed;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Read\Newsletter;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Attributes;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tables;
use Plugin\StammkundeConnector\Store\Tags;

/**
 * Customers: what the shop has on them that we hand out, their newsletter consent, our tags and attributes.
 * Logins, passwords and credit are left out, so that they do not look like changes.
 */
final class CustomerSource implements Source
{
    private const COLUMNS = 'kKunde, kKundengruppe, kSprache, cKundenNr, cAnrede, cVorname, cNachname, cFirma, cOrt,
        cBundesland, cLand, cTel, cMobil, cMail, cSperre, dGeburtstag, dErstellt, cAktiv, nRegistriert';

    public function __construct(
        private readonly Database $database,
        private readonly Newsletter $newsletter,
        private readonly Tags $tags,
        private readonly Attributes $attributes,
        private readonly Times $times,
    ) {
    }

    public function kind(): string
    {
        return 'customers';
    }

    public function after(int $after, int $limit): array
    {
        return $this->snapshots('kKunde > ' . $after . ' ORDER BY kKunde LIMIT ' . $limit);
    }

    public function of(array $ids): array
    {
        return $this->snapshots('kKunde IN ' . In::ids($ids) . ' ORDER BY kKunde');
    }

    public function forgetGone(int $before): void
    {
        foreach ([Tables::TAGS, Tables::ATTRIBUTES] as $table) {
            $this->database->run(
                'DELETE FROM ' . $table . ' WHERE customer IN (SELECT id FROM ' . Tables::RECORDS
                . " WHERE kind = 'customers' AND gone = 1 AND modified < :before)",
                ['before' => $before],
            );
        }
    }

    /** @return list<Snapshot> */
    private function snapshots(string $condition): array
    {
        $rows       = $this->database->rows(
            'SELECT ' . self::COLUMNS . ', dVeraendert FROM tkunde WHERE ' . $condition,
        );
        $ids        = \array_map('intval', \array_column($rows, 'kKunde'));
        $consents   = $this->newsletter->of($rows);
        $tags       = $this->tags->of($ids);
        $attributes = $this->attributes->of($ids);

        return \array_map(function (array $row) use ($consents, $tags, $attributes): Snapshot {
            $id    = (int)$row['kKunde'];
            $dated = $this->times->fromDatabase($row['dVeraendert']) ?? $this->times->fromDatabase($row['dErstellt']);
            unset($row['dVeraendert']);

            return new Snapshot(
                $id,
                [...$row, 'consent' => $consents[$id], 'tags' => $tags[$id] ?? [], 'has' => $attributes[$id] ?? []],
                $dated,
            );
        }, $rows);
    }
}
