<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

final class FeedTest extends PluginTestCase
{
    public function testTheFirstReadGivesEverythingWithTheShopsOwnDates(): void
    {
        $this->customer(1);
        $this->order(1, 1, ['dBezahltDatum' => '2026-05-09', 'dErstellt' => '2026-05-06 07:08:09']);
        $page = $this->get('orders')->content;
        self::assertSame('2026-05-09T00:00:00Z', $page['records'][0]['modified']);
        self::assertSame('2026-05-06T07:08:09Z', $page['records'][0]['created']);
        self::assertSame([[], null, 1], [$page['gone'], $page['next'], $page['total']]);
        self::assertSame('2026-03-04T10:00:00Z', $this->get('customers')->content['records'][0]['modified']);
        self::assertSame('2026-11-22T06:00:00Z', $this->get('ping')->content['feed_starts']['orders']);
    }

    public function testAStateThatSomebodyWroteIntoTheDatabaseIsNoticed(): void
    {
        $this->customer(1);
        $this->order(1, 1);
        $this->order(2, 1);
        $this->get('orders');
        $this->shop->now += 3600;
        $this->database->run("UPDATE tbestellung SET cStatus = '-1' WHERE kBestellung = 2");
        $page = $this->get('orders', ['modified_since' => '2026-11-22T06:30:00Z'])->content;
        self::assertSame(['2'], \array_column($page['records'], 'id'));
        self::assertSame('2026-11-22T07:00:00Z', $page['records'][0]['modified']);
        self::assertSame('2026-11-22T07:00:00Z', $page['records'][0]['cancelled']);
        $this->shop->now += 3600;
        self::assertSame([], $this->get('orders', ['modified_since' => '2026-11-22T07:30:00Z'])->content['records']);
    }

    public function testLinesPaymentsCodesAndReturnsChangeAnOrder(): void
    {
        $this->customer(1);
        $this->order(1, 1);
        $this->get('orders');
        $news = [
            ['twarenkorbpos', ['kWarenkorb' => 1, 'kArtikel' => 4, 'fPreisEinzelNetto' => 5.0]],
            ['tzahlungseingang', ['kBestellung' => 1, 'fBetrag' => 50.0, 'cISO' => 'EUR']],
            ['tkuponbestellung', ['kKupon' => 9, 'kBestellung' => 1]],
            ['rma_items', ['rmaID' => $this->database->insert('rma', ['status' => 1]), 'orderID' => 1]],
        ];
        foreach ($news as [$table, $row]) {
            $this->shop->now += 60;
            $this->database->insert($table, $row);
            $since = \gmdate('Y-m-d\TH:i:s\Z', $this->shop->now);
            $page  = $this->get('orders', ['modified_since' => $since])->content;
            self::assertCount(1, $page['records'], $table);
        }
        self::assertTrue($page['records'][0]['returns']['open']);
    }

    public function testDeletionsAreInTheFeedAndReadingEverythingLeavesThemOut(): void
    {
        $this->customer(1);
        $this->customer(2);
        $this->get('customers');
        $this->shop->now += 60;
        $this->database->run('DELETE FROM tkunde WHERE kKunde = 1');
        $page = $this->get('customers', ['modified_since' => '2026-11-22T06:00:30Z'])->content;
        self::assertSame([['1'], []], [$page['gone'], $page['records']]);
        self::assertSame(['2'], \array_column($this->get('customers')->content['records'], 'id'));
        self::assertSame([], $this->get('customers')->content['gone']);
    }

    public function testWhatHangsOnAGoneCustomerIsForgottenAfterADay(): void
    {
        $this->customer(1);
        $this->change(['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']]);
        $this->get('customers');
        $this->database->run('DELETE FROM tkunde');
        $this->get('customers');
        self::assertSame(['sk:a'], $this->parts->tags->of([1])[1]);
        $this->shop->now += 86401;
        $this->get('customers');
        self::assertSame([], $this->parts->tags->of([1]));
    }

    public function testATimeBeforeTheFirstComparisonIsAnsweredWithEverything(): void
    {
        $this->customer(1);
        $this->get('customers');
        $page = $this->get('customers', ['modified_since' => '2026-06-01T00:00:00Z'])->content;
        self::assertSame(['1'], \array_column($page['records'], 'id'));
    }

    public function testPagesOfEqualStampsLoseAndRepeatNothing(): void
    {
        for ($id = 1; $id <= 7; $id++) {
            $this->customer($id);
        }
        $seen  = [];
        $after = null;
        do {
            $page  = $this->get('customers', ['limit' => '3', 'after' => $after])->content;
            $seen  = [...$seen, ...\array_column($page['records'], 'id')];
            $after = $page['next'];
        } while ($after !== null);
        self::assertSame(['1', '2', '3', '4', '5', '6', '7'], $seen);
        self::assertSame(7, $page['total']);
    }

    public function testARecordThatChangesWhileBeingReadComesAgain(): void
    {
        $this->customer(1);
        $this->customer(2);
        $first = $this->get('customers', ['limit' => '1'])->content;
        $this->shop->now += 5;
        $this->change(['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']]);
        $this->get('customers/by-ids', ['ids' => '1']);
        $rest = $this->get('customers', ['after' => $first['next']])->content;
        self::assertSame(['2', '1'], \array_column($rest['records'], 'id'));
    }

    public function testThousandsAreComparedInChunks(): void
    {
        $this->database->transaction(function (): void {
            for ($id = 1; $id <= 4100; $id++) {
                $this->customer($id * 3);
            }
        });
        self::assertSame(4100, $this->get('customers')->content['total']);
        $this->shop->now += 60;
        $this->database->run('DELETE FROM tkunde WHERE kKunde IN (3, 6003, 12300)');
        $page = $this->get('customers', ['modified_since' => '2026-11-22T06:00:30Z'])->content;
        self::assertSame(['3', '6003', '12300'], $page['gone']);
    }

    public function testAComparisonThatWasInterruptedGoesOn(): void
    {
        $this->customer(1);
        $this->customer(2);
        $page = $this->get('customers', ['after' => 'c.1'])->content;
        self::assertSame(['2'], \array_column($page['records'], 'id'));
    }

    public function testLoginsAreNoChanges(): void
    {
        $this->customer(1);
        $this->get('customers');
        $this->shop->now += 60;
        $this->database->run("UPDATE tkunde SET dVeraendert = '2026-11-22 06:00:20'");
        self::assertSame([], $this->get('customers', ['modified_since' => '2026-11-22T06:00:30Z'])->content['records']);
    }

    public function testProductsAndCouponsHaveFeedsToo(): void
    {
        $this->customer(1);
        $this->database->insert('tartikel', ['kArtikel' => 1, 'cArtNr' => 'A', 'cName' => 'Schal']);
        $this->change(self::coupon());
        $this->get('products');
        $this->get('coupons');
        $this->shop->now += 60;
        $this->database->insert('tkategorie', ['kKategorie' => 1, 'cName' => 'Schals']);
        $this->database->insert('tkategorieartikel', ['kArtikel' => 1, 'kKategorie' => 1]);
        $this->database->run('UPDATE tkupon SET nVerwendungenBisher = 1');
        $since = ['modified_since' => '2026-11-22T06:00:30Z'];
        self::assertSame(['Schals'], $this->get('products', $since)->content['records'][0]['categories']);
        self::assertSame(1, $this->get('coupons', $since)->content['records'][0]['used']);
    }
}
