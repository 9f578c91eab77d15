<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Shop;

use DateTimeImmutable;
use DateTimeZone;
use JTL\Checkout\Kupon;
use JTL\DB\DbInterface;
use JTL\Helpers\Text;
use JTL\Router\Route;
use JTL\Shop as Core;
use Plugin\StammkundeConnector\Contract\CouponTerms;
use Plugin\StammkundeConnector\Contract\Shop;
use RuntimeException;
use Throwable;

/**
 * The running JTL-Shop.
 */
final class JtlShop implements Shop
{
    private ?DateTimeZone $databaseZone = null;

    private ?string $currency = null;

    private ?bool $hasReturns = null;

    /** @var array<int, string>|null */
    private ?array $languages = null;

    public function __construct(private readonly DbInterface $db, private readonly int $pluginId)
    {
    }

    public function now(): int
    {
        return \time();
    }

    public function version(): string
    {
        return (string)\APPLICATION_VERSION;
    }

    public function name(): string
    {
        return \html_entity_decode((string)Core::getSettingValue(\CONF_GLOBAL, 'global_shopname'));
    }

    public function url(): string
    {
        return Core::getURL();
    }

    public function backendUrl(): string
    {
        return Core::getAdminURL() . '/' . Route::PLUGIN . '/' . $this->pluginId;
    }

    public function currency(): string
    {
        return $this->currency ??= (string)($this->db->getSingleArray(
            "SELECT cISO FROM twaehrung WHERE cStandard = 'Y'",
        )['cISO'] ?? 'EUR');
    }

    public function zone(): DateTimeZone
    {
        return new DateTimeZone(\date_default_timezone_get());
    }

    public function databaseZone(): DateTimeZone
    {
        if ($this->databaseZone === null) {
            $row    = $this->db->getSingleArray('SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS seconds');
            // A second may pass between the two clocks of the comparison.
            $offset = (int)\round((int)($row['seconds'] ?? 0) / 900) * 900;
            $this->databaseZone = match ($offset) {
                // The same offset now is taken for the same zone, which also knows last winter's offset.
                $this->zone()->getOffset(new DateTimeImmutable()) => $this->zone(),
                0                                                 => new DateTimeZone('UTC'),
                default                                           => new DateTimeZone(\sprintf(
                    '%s%02d:%02d',
                    $offset < 0 ? '-' : '+',
                    \intdiv(\abs($offset), 3600),
                    \intdiv(\abs($offset) % 3600, 60),
                )),
            };
        }

        return $this->databaseZone;
    }

    public function languages(): array
    {
        if ($this->languages === null) {
            $this->languages = [];
            foreach ($this->db->getArrays('SELECT kSprache, cISO FROM tsprache ORDER BY kSprache') as $row) {
                $this->languages[(int)$row['kSprache']] = Text::convertISO2ISO639((string)$row['cISO']);
            }
        }

        return $this->languages;
    }

    public function decrypt(string $cipher): string
    {
        return $cipher === '' ? '' : \trim(Core::Container()->getCryptoService()->decryptXTEA($cipher));
    }

    public function encrypt(string $text): string
    {
        return Core::Container()->getCryptoService()->encryptXTEA($text);
    }

    public function createCoupon(CouponTerms $terms): int
    {
        $coupon                        = new Kupon(0, $this->db);
        foreach ($terms->columns() as $name => $value) {
            $coupon->$name = $value;
        }
        $coupon->cName                 = self::escape($terms->internalName);
        $coupon->cZusatzgebuehren      = 'N';
        $coupon->kSteuerklasse         = 1;
        $coupon->cCode                 = $terms->code;
        $coupon->nVerwendungen         = 1;
        $coupon->nVerwendungenBisher   = 0;
        $coupon->nVerwendungenProKunde = 1;
        $coupon->cHersteller           = '-1';
        $coupon->kKundengruppe         = -1;
        $coupon->dGueltigAb            = $terms->starts;
        $coupon->dGueltigBis           = $terms->ends;
        $coupon->cAktiv                = 'Y';
        $coupon->dErstellt             = 'NOW()';
        $id                            = (int)$coupon->save();
        if ($id <= 0) {
            throw new RuntimeException('The shop did not save the coupon.');
        }
        $this->nameCoupon($id, $terms);

        return $id;
    }

    public function disableCoupon(int $id): void
    {
        // Not through the class: it writes every column, and with them back the count of a redemption just made.
        $this->update('tkupon', 'kKupon', $id, ['cAktiv' => 'N']);
    }

    public function extendCoupon(int $id, string $ends): void
    {
        // Whoever opens the list of coupons in the backend switches all ended ones off.
        $this->update('tkupon', 'kKupon', $id, ['dGueltigBis' => $ends, 'cAktiv' => 'Y']);
    }

    public function moveCustomer(int $customerId, int $groupId): void
    {
        // cAbgeholt = N lets JTL-Wawi fetch the customer anew.
        $this->update('tkunde', 'kKunde', $customerId, [
            'kKundengruppe' => $groupId,
            'dVeraendert'   => 'NOW()',
            'cAbgeholt'     => 'N',
        ]);
    }

    public function hasReturns(): bool
    {
        return $this->hasReturns ??= $this->db->getSingleArray("SHOW TABLES LIKE 'rma\\_items'") !== null;
    }

    public function report(Throwable $error): void
    {
        Core::Container()->getLogService()->error(
            'Stammkunde Connector: {message} in {file}, line {line}',
            ['message' => $error->getMessage(), 'file' => $error->getFile(), 'line' => $error->getLine()],
        );
    }

    /** Without a row per language the coupon's line in the order has no name. */
    private function nameCoupon(int $id, CouponTerms $terms): void
    {
        foreach ($this->db->getArrays('SELECT cISO FROM tsprache') as $row) {
            $this->db->insert('tkuponsprache', (object)[
                'kKupon'      => $id,
                'cISOSprache' => (string)$row['cISO'],
                'cName'       => self::escape(
                    $terms->titles[Text::convertISO2ISO639((string)$row['cISO'])] ?? $terms->title,
                ),
            ]);
        }
    }

    /** @param array<string, int|string> $values */
    private function update(string $table, string $key, int $id, array $values): void
    {
        if ($this->db->update($table, $key, $id, (object)$values) < 0) {
            throw new RuntimeException('The shop did not update ' . $table . '.');
        }
    }

    /** As the backend stores what is typed there; templates print it as it is. */
    private static function escape(string $text): string
    {
        return \htmlspecialchars($text, \ENT_COMPAT | \ENT_HTML401, \JTL_CHARSET);
    }
}
