<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

use Plugin\StammkundeConnector\Shop\Account;
use Plugin\StammkundeConnector\Shop\Times;

final class ReadTest extends PluginTestCase
{
    public function testACustomerIsDecryptedAndComplete(): void
    {
        $this->customer(1, [
            'cNachname' => \str_rot13('Müller'), 'cFirma' => \str_rot13('Müller &amp; Söhne'), 'cVorname' => 'Anna',
            'cAnrede' => 'w', 'cBundesland' => 'Bayern', 'cOrt' => 'München', 'cKundenNr' => 'K1', 'kSprache' => 2,
            'dGeburtstag' => '0000-00-00', 'cTel' => '', 'cMobil' => '0170 1',
        ]);
        $this->order(1, 1);
        $this->order(2, 1, ['cStatus' => '-1']);
        $this->change(['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:b', 'sk:a']]);
        $customer = $this->get('customers/by-ids', ['ids' => '1'])->content['records'][0];
        self::assertEquals([
            'id' => '1', 'registered' => true, 'number' => 'K1', 'email' => 'c1@example.test', 'salutation' => 'w',
            'first_name' => 'Anna', 'last_name' => 'Müller', 'company' => 'Müller & Söhne', 'phone' => '0170 1',
            'language' => 'en', 'country' => 'DE', 'region' => 'BY', 'city' => 'München', 'group_id' => '1',
            'group' => 'Endkunden', 'net_prices' => false, 'locked' => false, 'active' => true, 'birthday' => null,
            'created' => '2026-01-02', 'modified' => '2026-03-04T10:00:00Z',
            'consent' => ['state' => 'never', 'level' => 'unknown', 'changed' => null],
            'tags' => ['sk:a', 'sk:b'], 'attributes' => (object)[], 'order_count' => 1,
        ], $customer);
    }

    public function testCustomersAreFoundByTheirAddresses(): void
    {
        foreach ([1, 2, 3] as $id) {
            $this->customer($id, ['cMail' => $id === 3 ? 'c1@example.test' : 'c' . $id . '@example.test']);
        }
        $asked = ['emails' => "c1@example.test,nobody@example.test,' OR 1=1 --"];
        self::assertSame(['1', '3'], \array_column($this->get('customers/by-emails', $asked)->content['records'], 'id'));
        self::assertSame(400, $this->get('customers/by-emails')->status);
    }

    public function testOrdersAreFoundByTheNumbersThatCustomersKnow(): void
    {
        $this->customer(1);
        foreach (['10001', 'A-10001', "O'Hara; --", '20001'] as $i => $number) {
            $this->order($i + 1, 1, ['cBestellNr' => $number]);
        }
        $found = $this->get('orders/by-numbers', ['numbers' => "20001,A-10001,77,O'Hara; --"])->content['records'];
        self::assertSame(['2', '3', '4'], \array_column($found, 'id'));
        self::assertSame(['A-10001', "O'Hara; --", '20001'], \array_column($found, 'number'));
        self::assertSame([], $this->get('orders/by-numbers', ['numbers' => '77'])->content['records']);
        $many = \implode(',', \range(1, 101));
        self::assertSame(400, $this->get('orders/by-numbers', ['numbers' => $many])->status);
        self::assertSame(400, $this->get('orders/by-numbers')->status);
    }

    public function testConsentComesFromTheListOfRecipientsAndItsHistory(): void
    {
        foreach (\range(1, 5) as $id) {
            $this->customer($id);
        }
        $recipient = fn(int $id, int $active) => $this->database->insert('tnewsletterempfaenger', [
            'cEmail' => 'C' . $id . '@example.test', 'nAktiv' => $active, 'dEingetragen' => '2026-02-01 08:00:00',
        ]);
        $history   = fn(int $id, string $what, ?string $confirmed, ?string $left) => $this->database->insert(
            'tnewsletterempfaengerhistory',
            ['cEmail' => 'c' . $id . '@example.test', 'cAktion' => $what, 'dOptCode' => $confirmed,
                'dAusgetragen' => $left],
        );
        $recipient(1, 1);
        $history(1, 'Eingetragen', '2026-02-01 08:05:00', null);
        $recipient(2, 1);
        $recipient(3, 0);
        $history(4, 'Eingetragen', '2026-02-01 08:05:00', null);
        $history(4, 'Geloescht', null, '2026-03-01 08:05:00');
        $recipient(5, 1);
        $history(5, 'Eingetragen', '2025-02-01 08:05:00', null);
        $history(5, 'Geloescht', null, '2025-03-01 08:05:00');
        $consents = \array_column($this->get('customers')->content['records'], 'consent', 'id');
        self::assertSame([
            1 => ['state' => 'subscribed', 'level' => 'confirmed', 'changed' => '2026-02-01T08:05:00Z'],
            2 => ['state' => 'subscribed', 'level' => 'single', 'changed' => '2026-02-01T08:00:00Z'],
            3 => ['state' => 'pending', 'level' => 'unknown', 'changed' => '2026-02-01T08:00:00Z'],
            4 => ['state' => 'unsubscribed', 'level' => 'unknown', 'changed' => '2026-03-01T08:05:00Z'],
            5 => ['state' => 'subscribed', 'level' => 'single', 'changed' => '2026-02-01T08:00:00Z'],
        ], $consents);
    }

    public function testAnOrderIsGivenWholeWithItsCode(): void
    {
        $this->customer(1, ['nRegistriert' => 0]);
        $this->database->insert('trechnungsadresse', ['kRechnungsadresse' => 7, 'cMail' => 'b@x.test', 'cLand' => 'at']);
        $this->order(1, 1, ['kRechnungsadresse' => 7, 'fGuthaben' => -4.5, 'kWaehrung' => 2, 'fWaehrungsFaktor' => 1.1]);
        $this->database->insert('tartikel', ['kArtikel' => 5, 'kVaterArtikel' => 4, 'cArtNr' => 'A-5']);
        $line = fn(array $row) => $this->database->insert('twarenkorbpos', ['kWarenkorb' => 1, ...$row]);
        $line(['kArtikel' => 5, 'cArtNr' => 'A-5', 'cName' => 'Kaffee', 'nAnzahl' => 2, 'fPreisEinzelNetto' => 10.5]);
        $line(['cName' => 'Winback', 'fPreisEinzelNetto' => -4.2, 'nPosTyp' => 3]);
        $this->change(self::coupon(1));
        $this->database->insert('tkuponbestellung', [
            'kKupon' => 1, 'kBestellung' => 1, 'kKunde' => 1, 'cBestellNr' => '10001', 'fKuponwertBrutto' => 5.0,
            'cKuponTyp' => 'standard', 'dErstellt' => '2026-05-06 07:08:09',
        ]);
        $this->database->run('DELETE FROM tkupon');
        $order = $this->get('orders')->content['records'][0];
        self::assertSame(['SK7Q2M9XKTBN'], $order['codes']);
        self::assertSame(['5', '4', null, 2.0, 10.5], [
            $order['lines'][0]['variant_id'], $order['lines'][0]['product_id'], $order['lines'][1]['product_id'],
            $order['lines'][0]['quantity'], $order['lines'][0]['net_price'],
        ]);
        self::assertSame(['b@x.test', 'AT', 4.5, false, 1], [
            $order['email'], $order['country'], $order['credit_used'], $order['registered'], $order['state'],
        ]);
        self::assertSame(['currency' => 'USD', 'factor' => 1.1], $order['paid_in']);
        $redemption = $this->get('coupons')->content['records'][0]['redemptions'][0];
        self::assertSame(['1', 5.0, false], [$redemption['order_id'], $redemption['value'], $redemption['cancelled']]);
    }

    public function testAnOrderWhoseCustomerIsGoneHasNone(): void
    {
        $this->order(1, 77);
        self::assertNull($this->get('orders')->content['records'][0]['customer_id']);
    }

    public function testProductsCarryTheirVariationsAndAllCategoriesAboveThem(): void
    {
        foreach ([[1, 'Mode', 0], [2, 'Schals', 1], [3, 'Kreis', 3]] as [$id, $name, $parent]) {
            $this->database->insert('tkategorie', ['kKategorie' => $id, 'cName' => $name, 'kOberKategorie' => $parent]);
        }
        $this->database->insert('thersteller', ['kHersteller' => 8, 'cName' => 'Glas & Co']);
        $this->database->insert('tartikel', ['kArtikel' => 1, 'kHersteller' => 8, 'cArtNr' => 'A', 'cName' => 'Schal']);
        $this->database->insert('tartikel', ['kArtikel' => 2, 'kVaterArtikel' => 1, 'cArtNr' => 'A-rot']);
        $this->database->insert('tkategorieartikel', ['kArtikel' => 1, 'kKategorie' => 2]);
        $this->database->insert('tkategorieartikel', ['kArtikel' => 1, 'kKategorie' => 3]);
        $page = $this->get('products')->content;
        self::assertSame(1, $page['total']);
        self::assertSame([['A', 'A-rot'], 'Glas & Co', ['Schals', 'Mode', 'Kreis']], [
            $page['records'][0]['skus'], $page['records'][0]['manufacturer'], $page['records'][0]['categories'],
        ]);
    }

    public function testSweepsGiveEveryIdInPages(): void
    {
        $this->customer(1);
        $this->customer(2);
        $this->customer(12);
        $first = $this->get('customers/ids', ['limit' => '2'])->content;
        self::assertSame([['1', '2'], '2', 3], [$first['ids'], $first['next'], $first['total']]);
        $rest = $this->get('customers/ids', ['limit' => '2', 'after' => '2'])->content;
        self::assertSame([['12'], null], [$rest['ids'], $rest['next']]);
    }

    public function testOrdersOfSomeCustomersComeInPages(): void
    {
        foreach ([[1, 5], [2, 6], [3, 5], [4, 5]] as [$id, $customer]) {
            $this->order($id, $customer);
        }
        $first = $this->get('orders/by-customers', ['customer_ids' => '5,99', 'limit' => '2'])->content;
        self::assertSame([['1', '3'], '3'], [\array_column($first['records'], 'id'), $first['next']]);
        $rest = $this->get('orders/by-customers', ['customer_ids' => '5,99', 'limit' => '2', 'after' => '3'])->content;
        self::assertSame([['4'], null], [\array_column($rest['records'], 'id'), $rest['next']]);
    }

    public function testTagsAreFoundByTheirPrefixWithoutRegardToCase(): void
    {
        foreach ([1, 2, 3] as $id) {
            $this->customer($id);
        }
        $this->change(
            ['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a', 'vip']],
            ['type' => 'update-tags', 'customer_id' => '2', 'add' => ['SK:B']],
            ['type' => 'update-tags', 'customer_id' => '3', 'add' => ['skx', '100%']],
        );
        self::assertSame([
            ['customer_id' => '1', 'tags' => ['sk:a']],
            ['customer_id' => '2', 'tags' => ['SK:B']],
        ], $this->get('tags', ['prefix' => 'Sk:'])->content['records']);
        self::assertSame([], $this->get('tags', ['prefix' => '%'])->content['records']);
        self::assertSame('1', $this->get('tags', ['limit' => '1'])->content['next']);
    }

    public function testTheAccountPageShowsOnlyWhatCanBeRedeemed(): void
    {
        $this->customer(2);
        $this->customer(12);
        $this->change([...self::coupon(12), 'attribute' => 'come-back']);
        $account = new Account($this->database, $this->shop, new Times($this->shop));
        self::assertSame(
            [['code' => 'SK7Q2M9XKTBN', 'title' => '10 % für Sie', 'ends' => '2026-12-22']],
            $account->openCodes(12),
        );
        $this->change(['type' => 'set-attribute', 'customer_id' => '2', 'name' => 'x', 'value' => 'SK7Q2M9XKTBN']);
        self::assertSame([], $account->openCodes(2));
        $this->database->run('UPDATE tkupon SET nVerwendungenBisher = 1');
        self::assertSame([], $account->openCodes(12));
    }

    public function testACodeOfCustomerTwelveIsNotForCustomerTwo(): void
    {
        $this->customer(2);
        $this->customer(12);
        $this->change(self::coupon(12));
        $account = new Account($this->database, $this->shop, new Times($this->shop));
        self::assertTrue($account->isForAnother(' sk7q2m9xktbn', 2));
        self::assertFalse($account->isForAnother('SK7Q2M9XKTBN', 12));
        self::assertFalse($account->isForAnother('SOMMER10', 2));
    }

    public function testPingSaysWhatShopThisIsAndThatItsClocksDisagree(): void
    {
        $this->customer(1);
        $this->customer(2, ['nRegistriert' => 0]);
        $this->order(1, 1, ['cZahlungsartName' => 'Kauf auf Rechnung']);
        $ping = $this->get('ping')->content;
        self::assertSame(['version' => '1.2.3', 'api' => 1], $ping['plugin']);
        self::assertSame(['customers' => 1, 'guests' => 1, 'orders' => 1, 'products' => 0, 'coupons' => 0], $ping['counts']);
        self::assertSame(['Kauf auf Rechnung', 'PayPal', 'Rechnung'], $ping['payment_methods']);
        self::assertSame('2026-05-06T07:08:09Z', $ping['oldest_order']);
        self::assertStringContainsString('its database in UTC', $ping['notes'][0]);
    }
}
