<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\In;

/**
 * Newsletter consent. `tkunde.cNewsletter` is only a wish from the registration form; the truth is in the list of
 * recipients, and how it came about is in their history.
 */
final class Newsletter
{
    public function __construct(private readonly Database $database, private readonly Times $times)
    {
    }

    /**
     * @param list<array<string, mixed>> $customers rows of tkunde
     * @return array<int, array{state: string, level: string, changed: string|null}> by customer
     */
    public function of(array $customers): array
    {
        $emails     = \array_values(\array_unique(\array_filter(
            \array_map(static fn(array $row): string => self::fold($row['cMail']), $customers),
        )));
        $recipients = $this->recipients($emails);
        $history    = $this->history($emails);
        $consents   = [];
        foreach ($customers as $row) {
            $email                          = self::fold($row['cMail']);
            $consents[(int)$row['kKunde']] = $this->consent($recipients[$email] ?? null, $history[$email] ?? []);
        }

        return $consents;
    }

    /**
     * @param array<string, mixed>|null $recipient
     * @param array<string, int> $history newest time by what happened
     * @return array{state: string, level: string, changed: string|null}
     */
    private function consent(?array $recipient, array $history): array
    {
        if ($recipient === null) {
            return isset($history['Geloescht'])
                ? self::state('unsubscribed', 'unknown', $history['Geloescht'])
                : self::state('never', 'unknown', null);
        }
        $since = $this->times->fromDatabase($recipient['dEingetragen']);
        if ((int)$recipient['nAktiv'] !== 1) {
            return self::state('pending', 'unknown', $since);
        }

        return isset($history['confirmed'])
            ? self::state('subscribed', 'confirmed', $history['confirmed'])
            : self::state('subscribed', 'single', $since);
    }

    /** @return array{state: string, level: string, changed: string|null} */
    private static function state(string $state, string $level, ?int $changed): array
    {
        return ['state' => $state, 'level' => $level, 'changed' => Times::iso($changed)];
    }

    /**
     * @param list<string> $emails
     * @return array<string, array<string, mixed>>
     */
    private function recipients(array $emails): array
    {
        [$list, $params] = In::list($emails);
        $recipients      = [];
        $rows            = $this->database->rows(
            'SELECT cEmail, nAktiv, dEingetragen FROM tnewsletterempfaenger WHERE cEmail IN ' . $list
            . ' ORDER BY nAktiv, kNewsletterEmpfaenger',
            $params,
        );
        foreach ($rows as $row) {
            $recipients[self::fold($row['cEmail'])] = $row;
        }

        return $recipients;
    }

    /**
     * @param list<string> $emails
     * @return array<string, array<string, int>>
     */
    private function history(array $emails): array
    {
        [$list, $params] = In::list($emails);
        $history         = [];
        $rows            = $this->database->rows(
            'SELECT cEmail, cAktion, dOptCode, dAusgetragen FROM tnewsletterempfaengerhistory WHERE cEmail IN ' . $list
            . ' ORDER BY kNewsletterEmpfaengerHistory',
            $params,
        );
        foreach ($rows as $row) {
            $email     = self::fold($row['cEmail']);
            $confirmed = $this->times->fromDatabase($row['dOptCode']);
            $left      = $this->times->fromDatabase($row['dAusgetragen']);
            if ($row['cAktion'] === 'Geloescht' && $left !== null) {
                // Whoever left has to confirm anew.
                unset($history[$email]['confirmed']);
                $history[$email]['Geloescht'] = $left;
            } elseif ($confirmed !== null) {
                $history[$email]['confirmed'] = $confirmed;
            }
        }

        return $history;
    }

    private static function fold(mixed $email): string
    {
        return \mb_strtolower(\trim((string)$email));
    }
}
