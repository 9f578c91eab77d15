<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Contract;

/**
 * A coupon as it is to be made. `percent` or `amount` (gross, default currency) is set, or neither: then it pays
 * the shipping, to the countries named.
 */
final class CouponTerms
{
    /**
     * @param array<string, string> $titles by ISO 639-1, what the customer reads
     * @param int|null $customerId null: whoever has the code
     * @param string $starts and `$ends`: local time as the shop's coupon class compares it
     * @param list<string> $articles article numbers for which it is good; none: all
     * @param list<int> $categories ids of the categories for which it is good; none: all
     * @param list<string> $countries ISO 3166-1 alpha-2, where the shipping is paid
     */
    public function __construct(
        public readonly string $code,
        public readonly string $internalName,
        public readonly string $title,
        public readonly array $titles,
        public readonly ?int $customerId,
        public readonly ?float $percent,
        public readonly ?float $amount,
        public readonly float $minimum,
        public readonly string $starts,
        public readonly string $ends,
        public readonly array $articles = [],
        public readonly array $categories = [],
        public readonly array $countries = [],
    ) {
    }

    /**
     * What the shop's coupon table keeps of value and goods. The shop finds a number in a list only between two
     * semicolons, and takes a coupon for the whole basket unless it is told that it is not.
     *
     * @return array<string, int|float|string>
     */
    public function columns(): array
    {
        $isShipping = $this->percent === null && $this->amount === null;

        return [
            'cKuponTyp'            => $isShipping ? 'versandkupon' : 'standard',
            'fWert'                => $this->percent ?? $this->amount ?? 0.0,
            'cWertTyp'             => $isShipping ? '' : ($this->percent === null ? 'festpreis' : 'prozent'),
            'nGanzenWKRabattieren' => $this->articles === [] && $this->categories === [] ? 1 : 0,
            'fMindestbestellwert'  => $this->minimum,
            'cLieferlaender'       => self::listed($this->countries, ''),
            'cArtikel'             => self::listed($this->articles, ''),
            'cKategorien'          => self::listed($this->categories, '-1'),
            'cKunden'              => $this->customerId === null ? '-1' : $this->customerId . ';',
        ];
    }

    /** @param list<int|string> $values */
    private static function listed(array $values, string $all): string
    {
        return $values === [] ? $all : ';' . \implode(';', $values) . ';';
    }
}
