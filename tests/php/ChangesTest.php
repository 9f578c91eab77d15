<?php

declare(strict_types=1);

namespace Stammkunde\Tests;

use Plugin\StammkundeConnector\Store\Tables;

final class ChangesTest extends PluginTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        $this->customer(1);
        $this->customer(2);
        $this->customer(3, ['nRegistriert' => 0]);
    }

    public function testTagsChangeByDeltaAndTwiceIsOnce(): void
    {
        $change = ['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a', 'sk:Ä'], 'remove' => ['sk:none']];
        self::assertSame(['done', 'unchanged'], self::codes($this->change($change, $change)));
        $this->change(['type' => 'update-tags', 'customer_id' => '1', 'add' => ['SK:A'], 'remove' => ['SK:ä']]);
        self::assertSame([1 => ['sk:a']], $this->parts->tags->of([1]));
    }

    public function testBadTagsAreRefused(): void
    {
        $tag = static fn(array $add, array $remove = []): array
            => ['type' => 'update-tags', 'customer_id' => '1', 'add' => $add, 'remove' => $remove];
        self::assertSame(
            ['tag-invalid', 'tag-invalid', 'tag-invalid', 'tag-invalid', 'tag-invalid', 'field-invalid', 'done'],
            self::codes($this->change(
                $tag(['']),
                $tag(['a,b']),
                $tag(["a\nb"]),
                $tag([\str_repeat('ä', 101)]),
                $tag(['x'], ['X']),
                $tag([['x']]),
                $tag([\str_repeat('ß', 100)]),
            )),
        );
    }

    public function testMoreTagsThanACustomerTakesAreRefusedWhole(): void
    {
        $tags = \array_map(static fn(int $i): string => 'sk:' . $i, \range(1, 251));
        self::assertSame(
            ['too-many-tags'],
            self::codes($this->change(['type' => 'update-tags', 'customer_id' => '1', 'add' => $tags])),
        );
        self::assertSame([], $this->parts->tags->of([1]));
    }

    public function testACodeForSomebodyWithoutARecordInTheShopIsOpen(): void
    {
        $open = ['customer_id' => null, 'bound' => 'anyone', 'mark' => 'sk:back:cwawi-7:1'] + self::coupon();
        $results = $this->change($open, $open);
        self::assertSame(['done', 'unchanged'], self::codes($results));
        self::assertSame('anyone', $results[0]['bound']);
        $coupon = $this->get('coupons')->content['records'][0];
        self::assertSame([null, 'anyone', 'sk:back:cwawi-7:1'], [$coupon['customer_id'], $coupon['bound'], $coupon['mark']]);
        self::assertSame(['field-invalid', 'field-invalid'], self::codes($this->change(
            ['customer_id' => null, 'bound' => 'customer'] + self::coupon(2, 'SKOTHER23456'),
            ['customer_id' => null, 'bound' => 'anyone', 'attribute' => 'code-back'] + self::coupon(2, 'SKOTHER23456'),
        )));
        self::assertCount(1, $this->get('coupons')->content['records']);
    }

    public function testAnUnknownCustomerInABatchFailsAlone(): void
    {
        $tag = static fn(mixed $id): array => ['type' => 'update-tags', 'customer_id' => $id, 'add' => ['sk:a']];
        self::assertSame(
            ['done', 'customer-unknown', 'customer-unknown', 'field-invalid', 'type-unknown', 'field-invalid', 'done'],
            self::codes($this->change(
                $tag('1'),
                $tag('99'),
                $tag("1' OR '1'='1"),
                $tag(null),
                ['type' => 'drop-table'],
                ['type' => 'set-attribute', 'customer_id' => '1', 'name' => 'x'],
                $tag('2'),
            )),
        );
    }

    public function testACouponIsMadeOnceByTheShopWithItsMark(): void
    {
        $results = $this->change([...self::coupon(), 'attribute' => 'come-back'], self::coupon());
        self::assertSame(['outcome' => 'done', 'coupon_id' => '1', 'bound' => 'customer'], $results[0]);
        self::assertSame(['outcome' => 'unchanged', 'coupon_id' => '1', 'bound' => 'customer'], $results[1]);
        $row = $this->database->row('SELECT * FROM tkupon');
        self::assertSame('10 % für Sie [sk:back:c1:1]', $row['cName']);
        self::assertSame(['1;', '10', 'prozent'], [$row['cKunden'], (string)(int)$row['fWert'], $row['cWertTyp']]);
        // The start by the earlier of the shop's two clocks, the end by the one that decides.
        self::assertSame(['2026-11-22 04:00:00', '2026-12-22 23:59:59'], [$row['dGueltigAb'], $row['dGueltigBis']]);
        self::assertSame(['come-back' => 'SK7Q2M9XKTBN'], $this->parts->attributes->of([1])[1]);
        self::assertSame('1', $this->database->value('SELECT COUNT(*) FROM tkupon'));
    }

    public function testFreeShippingIsACouponOfItsOwnKindForEveryCountryThatTheShopSendsTo(): void
    {
        $free = \array_diff_key(['free_shipping' => true] + self::coupon(), ['percent' => 0]);
        self::assertSame(['no-shipping'], self::codes($this->change($free)));
        $this->database->insert('tversandart', ['cLaender' => 'DE AT ']);
        $this->database->insert('tversandart', ['cLaender' => 'CH DE ']);
        self::assertSame(['done', 'unchanged'], self::codes($this->change($free, $free)));
        $row = $this->database->row('SELECT * FROM tkupon');
        self::assertSame(
            ['versandkupon', '', 0, ';AT;CH;DE;', '', '-1', 1, 30],
            [$row['cKuponTyp'], $row['cWertTyp'], (int)$row['fWert'], $row['cLieferlaender'], $row['cArtikel'],
                $row['cKategorien'], (int)$row['nGanzenWKRabattieren'], (int)$row['fMindestbestellwert']],
        );
        $coupon = $this->get('coupons')->content['records'][0];
        self::assertSame([null, null, true], [$coupon['percent'], $coupon['amount'], $coupon['free_shipping']]);
        self::assertSame(['value-invalid'], self::codes($this->change(
            ['free_shipping' => true] + self::coupon(2, 'SKOTHER23456'),
        )));
    }

    public function testACouponForProductsNamesTheArticleNumbersOfTheirVariations(): void
    {
        $this->database->insert('tartikel', ['kArtikel' => 7, 'cArtNr' => 'SCHAL']);
        $this->database->insert('tartikel', ['kArtikel' => 8, 'kVaterArtikel' => 7, 'cArtNr' => 'SCHAL-rot']);
        $this->database->insert('tartikel', ['kArtikel' => 9, 'cArtNr' => 'A;B']);
        $this->database->insert('tartikel', ['kArtikel' => 10, 'cArtNr' => '']);
        self::assertSame(['product-unknown', 'product-unknown', 'product-invalid', 'product-unknown', 'done'], self::codes(
            $this->change(
                ['products' => ['7', '99']] + self::coupon(),
                ['products' => ["7' OR '1'='1"]] + self::coupon(),
                ['products' => ['9']] + self::coupon(),
                ['products' => ['10']] + self::coupon(),
                ['products' => ['7']] + self::coupon(),
            ),
        ));
        $row = $this->database->row('SELECT * FROM tkupon');
        // 0: not the whole basket, only what fits.
        self::assertSame([';SCHAL;SCHAL-rot;', '-1', 0], [
            $row['cArtikel'], $row['cKategorien'], (int)$row['nGanzenWKRabattieren'],
        ]);
    }

    public function testACouponForACategoryHoldsForAllBelowIt(): void
    {
        foreach ([[1, 'Mode', 0], [2, 'Schals', 1], [3, 'Wolle', 2], [4, 'Bücher', 0], [5, 'BÜCHER', 1]] as $row) {
            $this->database->insert(
                'tkategorie',
                ['kKategorie' => $row[0], 'cName' => $row[1], 'kOberKategorie' => $row[2]],
            );
        }
        $amount = ['percent' => null, 'amount' => 5.0, 'categories' => ['Mode']] + self::coupon();
        self::assertSame(['category-unknown', 'value-invalid', 'done', 'done'], self::codes($this->change(
            ['categories' => ['Mode', 'Tee']] + self::coupon(),
            $amount,
            ['categories' => ['schals']] + self::coupon(),
            ['categories' => [' bücher']] + self::coupon(2, 'SKOTHER23456'),
        )));
        self::assertSame([';2;3;', ';4;5;'], \array_column(
            $this->database->rows('SELECT cKategorien FROM tkupon ORDER BY kKupon'),
            'cKategorien',
        ));
    }

    public function testACouponForProductsInACategoryNamesWhatIsBoth(): void
    {
        // The real shop took a coupon for SCHAL and a category of BUCH with both in the basket, for 0.00.
        foreach ([[1, 'Mode', 0], [2, 'Schals', 1], [3, 'Bücher', 0]] as $row) {
            $this->database->insert(
                'tkategorie',
                ['kKategorie' => $row[0], 'cName' => $row[1], 'kOberKategorie' => $row[2]],
            );
        }
        foreach ([[7, 0, 'SCHAL'], [8, 7, 'SCHAL-rot'], [9, 0, 'BUCH']] as $row) {
            $this->database->insert(
                'tartikel',
                ['kArtikel' => $row[0], 'kVaterArtikel' => $row[1], 'cArtNr' => $row[2]],
            );
        }
        $this->database->insert('tkategorieartikel', ['kArtikel' => 7, 'kKategorie' => 2]);
        $this->database->insert('tkategorieartikel', ['kArtikel' => 9, 'kKategorie' => 3]);
        self::assertSame(['goods-disjoint', 'product-unknown', 'done'], self::codes($this->change(
            ['products' => ['7'], 'categories' => ['Bücher']] + self::coupon(),
            ['products' => ['6'], 'categories' => ['Bücher']] + self::coupon(),
            ['products' => ['7', '9'], 'categories' => ['Mode']] + self::coupon(),
        )));
        $row = $this->database->row('SELECT * FROM tkupon');
        self::assertSame([';SCHAL;SCHAL-rot;', '-1', 0], [
            $row['cArtikel'], $row['cKategorien'], (int)$row['nGanzenWKRabattieren'],
        ]);
    }

    public function testPingNamesTheTermsThatTheCheckoutKeeps(): void
    {
        self::assertSame(
            ['minimum', 'not-combinable', 'titles', 'free-shipping', 'products', 'categories'],
            $this->get('ping')->content['coupon_terms'],
        );
    }

    public function testACodeOrAMarkIsNeverReused(): void
    {
        $this->database->insert('tkupon', ['cCode' => 'SOMMER10', 'cName' => 'Sommer']);
        self::assertSame(
            ['done', 'code-taken', 'mark-taken', 'code-taken'],
            self::codes($this->change(
                self::coupon(1, 'SK7Q2M9XKTBN'),
                self::coupon(2, 'SK7Q2M9XKTBN'),
                self::coupon(1, 'SKANOTHER123'),
                self::coupon(2, 'SOMMER10'),
            )),
        );
    }

    /**
     * @dataProvider badCoupons
     * @param array<string, mixed> $fields
     */
    public function testACouponThatMakesNoSenseIsRefused(string $code, array $fields): void
    {
        $results = $this->change(\array_filter([...self::coupon(), ...$fields], static fn($v): bool => $v !== null));
        self::assertSame([$code], self::codes($results));
        self::assertNotSame('', $results[0]['error']['message']);
        self::assertSame('0', $this->database->value('SELECT COUNT(*) FROM tkupon'));
    }

    /** @return array<string, array{string, array<string, mixed>}> */
    public function badCoupons(): array
    {
        return [
            'nothing off'           => ['value-invalid', ['percent' => 0]],
            '150 percent'           => ['value-invalid', ['percent' => 150]],
            'less than nothing'     => ['value-invalid', ['percent' => null, 'amount' => -5]],
            'both'                  => ['value-invalid', ['amount' => 5]],
            'neither'               => ['value-invalid', ['percent' => null]],
            'a text for a number'   => ['field-invalid', ['percent' => '10']],
            'ends before it starts' => ['dates-invalid', ['ends' => '2026-11-22T03:59:59Z']],
            'ends in the past'      => ['dates-invalid', ['starts' => '2026-01-01T00:00:00Z',
                'ends' => '2026-11-22T05:59:59Z']],
            'no such day'           => ['dates-invalid', ['ends' => '2027-02-30T00:00:00Z']],
            'no zone'               => ['dates-invalid', ['ends' => '2027-02-03T00:00:00']],
            'negative minimum'      => ['minimum-invalid', ['minimum' => -1]],
            'foreign currency'      => ['currency-differs', ['currency' => 'USD']],
            'lower case'            => ['code-invalid', ['code' => 'sk7q2m9xktbn']],
            'too long a code'       => ['code-invalid', ['code' => \str_repeat('A', 33)]],
            'no mark'               => ['mark-invalid', ['mark' => 'come-back']],
            'markup in the title'   => ['title-invalid', ['title' => '<script>']],
            'empty title'           => ['title-invalid', ['title' => ' ']],
            'unknown customer'      => ['customer-unknown', ['customer_id' => '99']],
            'odd binding'           => ['field-invalid', ['bound' => 'nobody']],
            'odd attribute'         => ['attribute-invalid', ['attribute' => 'Come Back']],
        ];
    }

    public function testACouponForAGuestIsNotBound(): void
    {
        $results = $this->change(self::coupon(3), [...self::coupon(1, 'SKFORALL1234'), 'bound' => 'anyone']);
        self::assertSame(['anyone', 'anyone'], \array_column($results, 'bound'));
        self::assertSame(['-1', '-1'], \array_column($this->database->rows('SELECT cKunden FROM tkupon'), 'cKunden'));
    }

    public function testACouponThatTheShopFailsToMakeLeavesNothingBehindAndIsTriedAgain(): void
    {
        $this->shop->isBroken = true;
        $batch                = ['run' => 'r', 'batch' => 1, 'changes' => [self::coupon()]];
        self::assertSame(['failed'], self::codes($this->post($batch)->content['results']));
        self::assertSame('0', $this->database->value('SELECT COUNT(*) FROM tkupon'));
        self::assertSame(['disk full'], $this->shop->reports);
        self::assertStringNotContainsString('disk full', $this->post($batch)->json());
        $this->shop->isBroken = false;
        self::assertSame(['done'], self::codes($this->post($batch)->content['results']));
    }

    public function testADeletedCouponIsNotMadeAgain(): void
    {
        $this->change(self::coupon());
        $this->database->run('DELETE FROM tkupon');
        self::assertSame(['coupon-deleted'], self::codes($this->change(self::coupon())));
        $coupon = $this->get('coupons')->content['records'][0];
        self::assertSame([true, false, 10.0], [$coupon['deleted'], $coupon['active'], $coupon['percent']]);
    }

    public function testDisablingIsDoneOnceAndNeverTouchesForeignCodes(): void
    {
        $this->database->insert('tkupon', ['cCode' => 'SOMMER10', 'cName' => 'Sommer']);
        $this->change([...self::coupon(), 'attribute' => 'come-back']);
        $disable = static fn(string $code, string $mark = 'sk:back:c1:1'): array => [
            'type' => 'disable-coupon', 'mark' => $mark, 'code' => $code, 'customer_id' => '1',
            'attribute' => 'come-back',
        ];
        self::assertSame(
            ['code-foreign', 'code-foreign', 'done', 'unchanged', 'unchanged'],
            self::codes($this->change(
                $disable('SOMMER10'),
                $disable('SK7Q2M9XKTBN', 'sk:other:c1:1'),
                $disable('SK7Q2M9XKTBN'),
                $disable('SK7Q2M9XKTBN'),
                $disable('SKNEVERMADE1'),
            )),
        );
        self::assertSame('Y', $this->database->value("SELECT cAktiv FROM tkupon WHERE cCode = 'SOMMER10'"));
        self::assertSame([], $this->parts->attributes->of([1]));
    }

    public function testDisablingLeavesANewerCodeOnTheCustomer(): void
    {
        $this->change(self::coupon(), [
            'type' => 'set-attribute', 'customer_id' => '1', 'name' => 'come-back', 'value' => 'SKNEWER12345',
        ], [
            'type' => 'disable-coupon', 'mark' => 'sk:back:c1:1', 'code' => 'SK7Q2M9XKTBN', 'customer_id' => '1',
            'attribute' => 'come-back',
        ]);
        self::assertSame(['come-back' => 'SKNEWER12345'], $this->parts->attributes->of([1])[1]);
    }

    public function testExtendingOnlyEverLengthens(): void
    {
        $extend = static fn(string $ends, string $code = 'SK7Q2M9XKTBN'): array
            => ['type' => 'extend-coupon', 'mark' => 'sk:back:c1:1', 'code' => $code, 'ends' => $ends];
        self::assertSame(
            ['coupon-unknown', 'done', 'unchanged', 'done', 'unchanged', 'coupon-unknown', 'dates-invalid'],
            self::codes($this->change(
                $extend('2027-01-22T22:59:59Z'),
                self::coupon(),
                $extend('2026-12-01T00:00:00Z'),
                $extend('2027-01-22T22:59:59Z'),
                $extend('2027-01-22T22:59:59Z'),
                $extend('2027-02-22T22:59:59Z', 'SKNEVERMADE1'),
                $extend('soon'),
            )),
        );
        self::assertSame('2027-01-22 23:59:59', $this->database->value('SELECT dGueltigBis FROM tkupon'));
    }

    public function testACouponThatTheShopSwitchedOffAtItsEndCanBeExtendedOneThatWeDisabledCannot(): void
    {
        $extend = ['type' => 'extend-coupon', 'mark' => 'sk:back:c1:1', 'code' => 'SK7Q2M9XKTBN',
            'ends' => '2027-03-01T00:00:00Z'];
        $this->change(self::coupon());
        $this->shop->now = (int)\strtotime('2027-01-01T00:00:00Z');
        $this->database->run("UPDATE tkupon SET cAktiv = 'N'");
        self::assertSame(['done'], self::codes($this->change($extend)));
        self::assertSame('Y', $this->database->value('SELECT cAktiv FROM tkupon'));
        $this->change(['type' => 'disable-coupon', 'mark' => 'sk:back:c1:1', 'code' => 'SK7Q2M9XKTBN']);
        $extend['ends'] = '2027-04-01T00:00:00Z';
        self::assertSame(['coupon-disabled'], self::codes($this->change($extend)));
    }

    public function testGroupsAreMovedOnlyInsideTheAllowList(): void
    {
        $move = static fn(string $from, string $to): array
            => ['type' => 'move-group', 'customer_id' => '1', 'from' => $from, 'to' => $to];
        self::assertSame(['group-not-allowed'], self::codes($this->change($move('Endkunden', 'Stammkunden'))));
        self::assertNotContains('customer-groups', $this->get('ping')->content['features']);
        $this->database->insert('tkundengruppe', ['kKundengruppe' => 4, 'cName' => 'Vierte']);
        $this->parts->settings->setMovableGroups([1, 3, 4]);
        self::assertContains('customer-groups', $this->get('ping')->content['features']);
        self::assertSame(
            [
                'group-not-allowed', 'group-not-allowed', 'group-unknown', 'group-differs', 'done', 'unchanged',
                'group-differs', 'done',
            ],
            self::codes($this->change(
                $move('Endkunden', 'Händler'),
                $move('Händler', 'Endkunden'),
                $move('Endkunden', 'VIP'),
                $move('Stammkunden', 'Vierte'),
                $move('Endkunden', 'Stammkunden'),
                $move('Endkunden', 'Stammkunden'),
                $move('Vierte', 'Endkunden'),
                $move('3', '1'),
            )),
        );
    }

    public function testTheSameBatchGivesTheStoredAnswerAndAnotherContentIsAConflict(): void
    {
        $batch = ['run' => 'r-1', 'batch' => 0, 'changes' => [
            ['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']],
        ]];
        $first = $this->post($batch)->content;
        self::assertSame([...$first, 'repeated' => true], $this->post($batch)->content);
        $batch['changes'][0]['add'] = ['sk:b'];
        self::assertSame('batch-differs', $this->post($batch)->content['error']['code']);
        self::assertSame(
            [['batch' => 0, 'at' => '2026-11-22T06:00:00Z', 'changes' => 1]],
            $this->get('runs/r-1')->content['batches'],
        );
        $this->shop->now += 8 * 86400;
        $this->post([...$batch, 'batch' => 1]);
        self::assertSame([1], \array_column($this->get('runs/r-1')->content['batches'], 'batch'));
    }

    public function testASecondBatchWaitsForTheFirst(): void
    {
        $this->database->isTaken = true;
        $answer = $this->post(['run' => 'r', 'batch' => 0, 'changes' => [self::coupon()]]);
        self::assertSame([503, 'busy', '10'], [
            $answer->status, $answer->content['error']['code'], $answer->headers['Retry-After'],
        ]);
        self::assertTrue($this->get('runs/r')->content['busy']);
    }

    public function testOnlyOneInstallationWrites(): void
    {
        $batch = ['run' => 'r', 'batch' => 0, 'installation' => 'nas', 'changes' => [
            ['type' => 'update-tags', 'customer_id' => '1', 'add' => ['sk:a']],
        ]];
        self::assertSame(200, $this->post($batch)->status);
        self::assertSame('nas', $this->get('ping')->content['installation']);
        $other = [...$batch, 'batch' => 1, 'installation' => 'laptop'];
        self::assertSame([409, 'other-installation'], [
            $this->post($other)->status, $this->post($other)->content['error']['code'],
        ]);
        $this->parts->settings->releaseInstallation();
        self::assertSame(200, $this->post($other)->status);
    }

    public function testCouponsAreFoundAgainByTheirMarkAfterOurTablesWereDeleted(): void
    {
        $this->change(self::coupon(), self::coupon(2, 'SKSECOND1234'));
        $this->database->insert('tkupon', ['cCode' => 'COPY', 'cName' => 'Kopie [sk:back:c1:1]', 'fWert' => 5]);
        $this->database->insert('tkupon', ['cCode' => 'OTHER', 'cName' => 'sk:back:c1:1', 'fWert' => 5]);
        $this->database->run('DELETE FROM xplugin_stammkundeconnector_coupon');
        self::assertSame(2, $this->parts->coupons->adopt($this->shop->now));
        self::assertSame(0, $this->parts->coupons->adopt($this->shop->now));
        $coupons = $this->get('coupons')->content['records'];
        self::assertSame(['SK7Q2M9XKTBN', 'SKSECOND1234'], \array_column($coupons, 'code'));
        self::assertSame(['1', '2'], \array_column($coupons, 'customer_id'));
        self::assertSame(['unchanged'], self::codes($this->change(self::coupon())));
    }

    public function testAfterAnUninstallFreeShippingIsTakenOverAsFreeShipping(): void
    {
        $this->database->insert('tversandart', ['cLaender' => 'DE ']);
        $this->change(\array_diff_key(['free_shipping' => true] + self::coupon(), ['percent' => 0]));
        $this->database->run('DELETE FROM ' . Tables::COUPONS);
        self::assertSame(1, $this->parts->coupons->adopt($this->shop->now));
        $this->database->run('DELETE FROM tkupon');
        $coupon = $this->get('coupons')->content['records'][0];
        self::assertSame(
            [true, null, null, true],
            [$coupon['free_shipping'], $coupon['percent'], $coupon['amount'], $coupon['deleted']],
        );
    }
}
