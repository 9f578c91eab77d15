<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Read;

use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\In;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * Orders as the API gives them, whole: with lines, payments and coupon codes.
 */
final class Orders
{
    private const PRODUCT_LINE = 1;

    public function __construct(
        private readonly Database $database,
        private readonly Shop $shop,
        private readonly Times $times,
    ) {
    }

    /**
     * @param list<int> $ids
     * @return array<int, array<string, mixed>> by id
     */
    public function of(array $ids): array
    {
        $rows     = $this->database->rows(
            'SELECT kBestellung, kWarenkorb, tbestellung.kKunde AS customer, tkunde.kKunde AS known, nRegistriert,
                tkunde.cMail AS account_email, trechnungsadresse.cMail AS billing_email,
                trechnungsadresse.cLand AS country, tbestellung.kSprache AS language, twaehrung.cISO AS paid_currency,
                tbestellung.fGuthaben AS credit, fGesamtsumme, cVersandartName,
                cZahlungsartName, cBestellNr, dVersandDatum, dBezahltDatum, cStatus, tbestellung.dErstellt AS created,
                fWaehrungsFaktor
                FROM tbestellung
                LEFT JOIN tkunde ON tkunde.kKunde = tbestellung.kKunde
                LEFT JOIN trechnungsadresse ON trechnungsadresse.kRechnungsadresse = tbestellung.kRechnungsadresse
                LEFT JOIN twaehrung ON twaehrung.kWaehrung = tbestellung.kWaehrung
                WHERE kBestellung IN ' . In::ids($ids) . ' ORDER BY kBestellung',
        );
        $lines    = $this->lines(\array_map('intval', \array_column($rows, 'kWarenkorb')));
        $payments = $this->payments($ids);
        $coupons  = $this->coupons($ids);
        $returns  = $this->openReturns($ids);
        $orders   = [];
        foreach ($rows as $row) {
            $id          = (int)$row['kBestellung'];
            $used        = $coupons[$id] ?? [];
            $orders[$id] = [
                ...$this->head($row),
                'payments' => $payments[$id] ?? [],
                'codes'    => \array_values(\array_filter(\array_column($used, 'code'))),
                'coupons'  => $used,
                'returns'  => ['open' => isset($returns[$id])],
                'lines'    => $lines[(int)$row['kWarenkorb']] ?? [],
            ];
        }

        return $orders;
    }

    /**
     * @param list<int> $customers
     * @return list<int> ids of their orders above `$after`, ascending
     */
    public function idsOfCustomers(array $customers, int $after, int $limit): array
    {
        $rows = $this->database->rows(
            'SELECT kBestellung FROM tbestellung WHERE kKunde IN ' . In::ids($customers)
            . ' AND kBestellung > ' . $after . ' ORDER BY kBestellung LIMIT ' . $limit,
        );

        return \array_map('intval', \array_column($rows, 'kBestellung'));
    }

    /**
     * @param list<string> $numbers as customers know them
     * @return list<int>
     */
    public function idsOfNumbers(array $numbers): array
    {
        [$list, $params] = In::list($numbers);
        $rows            = $this->database->rows(
            'SELECT kBestellung FROM tbestellung WHERE cBestellNr IN ' . $list . ' ORDER BY kBestellung',
            $params,
        );

        return \array_map('intval', \array_column($rows, 'kBestellung'));
    }

    /**
     * @param array<string, mixed> $row
     * @return array<string, mixed>
     */
    private function head(array $row): array
    {
        $currency = $this->shop->currency();
        $country  = \strtoupper(\trim((string)$row['country']));
        $email    = \trim((string)($row['billing_email'] ?? ''));

        return [
            'id'              => (string)$row['kBestellung'],
            'number'          => (string)$row['cBestellNr'],
            'customer_id'     => $row['known'] === null ? null : (string)$row['customer'],
            'registered'      => (int)$row['nRegistriert'] === 1,
            'email'           => $email !== '' ? $email : self::text($row['account_email']),
            'created'         => Times::iso($this->times->fromDatabase($row['created'])),
            'state'           => (int)$row['cStatus'],
            'paid'            => Times::day($row['dBezahltDatum']),
            'shipped'         => Times::day($row['dVersandDatum']),
            'total'           => (float)$row['fGesamtsumme'],
            // The shop stores credit used as a negative amount.
            'credit_used'     => \abs((float)$row['credit']),
            'currency'        => $currency,
            'paid_in'         => [
                'currency' => (string)($row['paid_currency'] ?? $currency),
                'factor'   => (float)$row['fWaehrungsFaktor'],
            ],
            'payment_method'  => self::text($row['cZahlungsartName']),
            'shipping_method' => self::text($row['cVersandartName']),
            'country'         => \preg_match('/^[A-Z]{2}$/D', $country) === 1 ? $country : null,
            'language'        => $this->shop->languages()[(int)$row['language']] ?? null,
        ];
    }

    /**
     * @param list<int> $carts
     * @return array<int, list<array<string, mixed>>> by cart
     */
    private function lines(array $carts): array
    {
        $rows  = $this->database->rows(
            'SELECT kWarenkorb, kWarenkorbPos, nPosTyp, line.kArtikel AS product, kVaterArtikel, line.cArtNr AS sku,
                line.cName AS name, nAnzahl, fPreisEinzelNetto, line.fMwSt AS tax
                FROM twarenkorbpos line LEFT JOIN tartikel ON tartikel.kArtikel = line.kArtikel
                WHERE kWarenkorb IN ' . In::ids($carts) . ' ORDER BY kWarenkorb, kWarenkorbPos',
        );
        $lines = [];
        foreach ($rows as $row) {
            $isProduct                       = (int)$row['nPosTyp'] === self::PRODUCT_LINE && (int)$row['product'] > 0;
            $parent                          = (int)$row['kVaterArtikel'];
            $lines[(int)$row['kWarenkorb']][] = [
                'id'          => (string)$row['kWarenkorbPos'],
                'type'        => (int)$row['nPosTyp'],
                'product_id'  => $isProduct ? (string)($parent > 0 ? $parent : $row['product']) : null,
                'variant_id'  => $isProduct && $parent > 0 ? (string)$row['product'] : null,
                'sku'         => (string)$row['sku'],
                'name'        => (string)$row['name'],
                'quantity'    => (float)$row['nAnzahl'],
                'net_price'   => (float)$row['fPreisEinzelNetto'],
                'tax_percent' => (float)$row['tax'],
            ];
        }

        return $lines;
    }

    /**
     * @param list<int> $ids
     * @return array<int, list<array<string, mixed>>>
     */
    private function payments(array $ids): array
    {
        $rows     = $this->database->rows(
            'SELECT * FROM tzahlungseingang WHERE kBestellung IN ' . In::ids($ids)
            . ' ORDER BY kBestellung, kZahlungseingang',
        );
        $payments = [];
        foreach ($rows as $row) {
            $payments[(int)$row['kBestellung']][] = [
                'id'       => (string)$row['kZahlungseingang'],
                'amount'   => (float)$row['fBetrag'],
                'fee'      => (float)$row['fZahlungsgebuehr'],
                'currency' => (string)$row['cISO'],
                'provider' => (string)$row['cZahlungsanbieter'],
                'at'       => Times::iso($this->times->fromDatabase($row['dZeit'])),
            ];
        }

        return $payments;
    }

    /**
     * @param list<int> $ids
     * @return array<int, list<array<string, mixed>>>
     */
    private function coupons(array $ids): array
    {
        $rows    = $this->database->rows(
            'SELECT kBestellung, used.kKupon AS coupon, tkupon.cCode AS code, ours.code AS our_code, fKuponwertBrutto,
                used.cKuponTyp AS type
                FROM tkuponbestellung used
                LEFT JOIN tkupon ON tkupon.kKupon = used.kKupon
                LEFT JOIN ' . Tables::COUPONS . ' ours ON ours.coupon = used.kKupon
                WHERE kBestellung IN ' . In::ids($ids) . ' ORDER BY kBestellung, used.kKupon',
        );
        $coupons = [];
        foreach ($rows as $row) {
            $coupons[(int)$row['kBestellung']][] = [
                'coupon_id' => (string)$row['coupon'],
                'code'      => self::text($row['our_code']) ?? self::text($row['code']),
                'value'     => (float)$row['fKuponwertBrutto'],
                'type'      => (string)$row['type'],
            ];
        }

        return $coupons;
    }

    /**
     * @param list<int> $ids
     * @return array<int, true>
     */
    private function openReturns(array $ids): array
    {
        if (!$this->shop->hasReturns()) {
            return [];
        }
        // Announced, in progress, accepted; -1 is rejected and 4 is completed.
        $rows = $this->database->rows(
            'SELECT DISTINCT orderID FROM rma_items JOIN rma ON rma.id = rma_items.rmaID
                WHERE rma.status IN (1, 2, 3) AND orderID IN ' . In::ids($ids),
        );

        return \array_fill_keys(\array_map('intval', \array_column($rows, 'orderID')), true);
    }

    private static function text(mixed $value): ?string
    {
        $text = \trim((string)$value);

        return $text === '' ? null : $text;
    }
}
