<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

final class PluginTest extends TestCase
{
    protected function setUp(): void
    {
        World::reset();
        $early = World::$hooks;
        World::$hooks = ['plugins_loaded' => $early['plugins_loaded']];
        World::run('plugins_loaded');
    }

    private static function coupon(int $id, array $data = []): void
    {
        $meta = ($data['meta'] ?? []) + ['stammkunde_mark' => 'sk:come-back:c7:1', 'stammkunde_customer' => '7'];
        World::$coupons[$id] = new WC_Coupon(['meta' => $meta] + $data + ['id' => $id, 'code' => "SKCODE$id"]);
    }

    private static function cell(string $column, int $user = 7): string
    {
        return World::run('manage_users_custom_column', 'theirs', $column, $user);
    }

    private static function box(int $order): string
    {
        World::run('add_meta_boxes');
        ob_start();
        (World::$boxes['stammkunde']['show'])(new WP_Post($order));
        return (string)ob_get_clean();
    }

    public function testTheListOfUsersHasTwoMoreColumns(): void
    {
        $columns = World::run('manage_users_columns', ['email' => 'Email']);
        $this->assertSame(['email' => 'Email', 'stammkunde_tags' => 'Tags', 'stammkunde_codes' => 'Open codes'], $columns);
    }

    public function testOtherColumnsStayAsTheyAre(): void
    {
        $this->assertSame('theirs', self::cell('wc_last_active'));
    }

    public function testTagsAreShownAndEscaped(): void
    {
        World::$users[7] = ['stammkunde_tags' => ['sk:stammkunde', '<script>alert(1)</script>', 7, '']];
        $html = self::cell('stammkunde_tags');
        $this->assertStringContainsString('>sk:stammkunde</span>', $html);
        $this->assertStringContainsString('&lt;script&gt;', $html);
        $this->assertStringNotContainsString('<script>', $html);
        $this->assertSame(2, substr_count($html, '</span>'));
    }

    public function testTagsThatSomebodyTypedInAreUnderstood(): void
    {
        World::$users[7] = ['stammkunde_tags' => 'sk:a, sk:b'];
        $this->assertSame('sk:ask:b', strip_tags(self::cell('stammkunde_tags')));
    }

    public function testWhoeverHasNothingHasADash(): void
    {
        $this->assertSame('—none', strip_tags(self::cell('stammkunde_tags')));
        $this->assertSame('—none', strip_tags(self::cell('stammkunde_codes')));
    }

    public function testOnlyOpenCodesAreShown(): void
    {
        self::coupon(1, ['expires' => '2099-12-31T12:00:00Z']);
        self::coupon(2, ['expires' => '2020-12-31T12:00:00Z']);
        self::coupon(3, ['used' => 1]);
        self::coupon(4, ['meta' => ['stammkunde_disabled' => '1']]);
        World::$coupons[5] = new WC_Coupon(['id' => 5, 'code' => 'SOMMER', 'meta' => ['stammkunde_customer' => '7']]);
        $html = self::cell('stammkunde_codes');
        $this->assertSame('SKCODE1 until 31.12.2099', strip_tags($html));
        $this->assertStringContainsString('post=1&#038;action=edit', $html);
    }

    public function testACodeThatBeginsLaterSaysSo(): void
    {
        self::coupon(1, ['meta' => ['stammkunde_starts' => '2098-01-02T12:00:00Z'], 'expires' => '2099-12-31T12:00:00Z']);
        $this->assertSame('SKCODE1 from 02.01.2098 until 31.12.2099', strip_tags(self::cell('stammkunde_codes')));
    }

    public function testAPageOfUsersAsksTheDatabaseOnce(): void
    {
        self::coupon(1);
        self::coupon(2, ['meta' => ['stammkunde_customer' => '8']]);
        $GLOBALS['wp_list_table'] = (object)['items' => [new WP_User(7), new WP_User(8), new WP_User(9)]];
        $shown = array_map(static fn(int $user): string => strip_tags(self::cell('stammkunde_codes', $user)), [7, 8, 9]);
        $this->assertSame(['SKCODE1', 'SKCODE2', '—none'], $shown);
        $this->assertSame(1, World::$queries);
    }

    public function testACodeIsEscapedAndHasNoLinkForWhoMayNotEditIt(): void
    {
        World::$may = false;
        self::coupon(1, ['code' => '<b>x</b>']);
        $this->assertSame('<code>&lt;b&gt;x&lt;/b&gt;</code>', self::cell('stammkunde_codes'));
    }

    public function testTheOrderPageHasABoxOldAndNew(): void
    {
        World::run('add_meta_boxes');
        $this->assertSame(['shop_order', 'woocommerce_page_wc-orders-shop-order'], World::$boxes['stammkunde']['screens']);
    }

    public function testTheBoxShowsTagsAndCodesOfTheAccountAndOfItsAddressOnce(): void
    {
        World::$users[7] = ['stammkunde_tags' => ['sk:stammkunde']];
        World::$orders[100] = new WC_Order(7, 'Anna@example.test');
        self::coupon(1, ['emails' => ['anna@example.test']]);
        self::coupon(2, ['emails' => ['anna@example.test'], 'meta' => ['stammkunde_customer' => '0']]);
        $this->assertSame('Tagssk:stammkundeOpen codesSKCODE1SKCODE2', strip_tags(self::box(100)));
    }

    public function testAGuestHasCodesAndNoTags(): void
    {
        World::$orders[100] = new WC_Order(0, 'gast@example.test');
        self::coupon(1, ['emails' => ['gast@example.test']]);
        self::coupon(2, ['emails' => ['anders-gast@example.test']]);
        $text = strip_tags(self::box(100));
        $this->assertStringContainsString('A guest: WooCommerce keeps no tags of guests.', $text);
        $this->assertStringEndsWith('SKCODE1', $text);
    }

    public function testAnOrderThatIsNoneShowsNothing(): void
    {
        $this->assertSame('', self::box(404));
    }

    public function testTheBoxTakesAnOrderAsTheNewPageGivesIt(): void
    {
        World::run('add_meta_boxes');
        ob_start();
        (World::$boxes['stammkunde']['show'])(new WC_Order(0, ''));
        $this->assertStringContainsString('Open codes', (string)ob_get_clean());
    }

    public function testACodeOfOursDoesNotWorkBeforeItsFirstDay(): void
    {
        self::coupon(1, ['meta' => ['stammkunde_starts' => '2098-01-02T12:00:00Z']]);
        $this->expectExceptionMessage('This code is not valid yet.');
        World::run('woocommerce_coupon_is_valid', true, World::$coupons[1]);
    }

    public function testACodeThatHasBegunAndTheMerchantsOwnWork(): void
    {
        self::coupon(1, ['meta' => ['stammkunde_starts' => '2020-01-02T12:00:00Z']]);
        $foreign = new WC_Coupon(['id' => 2, 'code' => 'X', 'meta' => ['stammkunde_starts' => '2098-01-02T12:00:00Z']]);
        $this->assertTrue(World::run('woocommerce_coupon_is_valid', true, World::$coupons[1]));
        $this->assertTrue(World::run('woocommerce_coupon_is_valid', true, $foreign));
        $this->assertFalse(World::run('woocommerce_coupon_is_valid', false, World::$coupons[1]));
    }

    public function testGermanTextsWithoutACatalogue(): void
    {
        World::$locale = 'de_AT';
        $this->assertSame('Offene Codes', World::run('manage_users_columns', [])['stammkunde_codes']);
        $this->assertSame('Übersetzt', World::run('gettext_stammkunde', 'Übersetzt', 'Open codes'));
    }

    public function testEveryTextHasAGermanOne(): void
    {
        $german = require PLUGIN . '/languages/de.php';
        foreach (glob(PLUGIN . '/src/*.php') as $file) {
            preg_match_all("/__\( '([^']+)', 'stammkunde' \)/", (string)file_get_contents($file), $found);
            foreach ($found[1] as $text) {
                $this->assertArrayHasKey($text, $german);
            }
        }
    }

    public function testTheRouteByWhichItIsSeenIsNotForEverybody(): void
    {
        World::run('rest_api_init');
        $route = World::$routes['stammkunde/v1/status'];
        $this->assertSame(['version' => '0.0.0'], $route['callback']());
        $this->assertTrue($route['permission_callback']());
        World::$may = false;
        $this->assertFalse($route['permission_callback']());
    }

    public function testNothingIsWritten(): void
    {
        $files = implode('', array_map('file_get_contents', [PLUGIN . '/stammkunde.php', ...glob(PLUGIN . '/src/*.php')]));
        $this->assertSame(0, preg_match('/update_|delete_|insert|->save\(|set_meta|add_meta_data|\$wpdb/', $files));
    }
}
