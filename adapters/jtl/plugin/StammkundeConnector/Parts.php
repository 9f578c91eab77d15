<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector;

use Plugin\StammkundeConnector\Access\Keys;
use Plugin\StammkundeConnector\Access\RateLimit;
use Plugin\StammkundeConnector\Contract\Database;
use Plugin\StammkundeConnector\Contract\Shop;
use Plugin\StammkundeConnector\Feed\CouponSource;
use Plugin\StammkundeConnector\Feed\CustomerSource;
use Plugin\StammkundeConnector\Feed\Feed;
use Plugin\StammkundeConnector\Feed\OrderSource;
use Plugin\StammkundeConnector\Feed\ProductSource;
use Plugin\StammkundeConnector\Feed\Source;
use Plugin\StammkundeConnector\Http\Api;
use Plugin\StammkundeConnector\Http\Routes;
use Plugin\StammkundeConnector\Read\Coupons as CouponReader;
use Plugin\StammkundeConnector\Read\Customers;
use Plugin\StammkundeConnector\Read\Groups;
use Plugin\StammkundeConnector\Read\Newsletter;
use Plugin\StammkundeConnector\Read\Orders;
use Plugin\StammkundeConnector\Read\Ping;
use Plugin\StammkundeConnector\Read\Products;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Store\Attributes;
use Plugin\StammkundeConnector\Store\Coupons;
use Plugin\StammkundeConnector\Store\Settings;
use Plugin\StammkundeConnector\Store\Tags;
use Plugin\StammkundeConnector\Webhooks\CurlMessenger;
use Plugin\StammkundeConnector\Webhooks\Messenger;
use Plugin\StammkundeConnector\Webhooks\Queue;
use Plugin\StammkundeConnector\Webhooks\Receiver;
use Plugin\StammkundeConnector\Webhooks\Watch;
use Plugin\StammkundeConnector\Webhooks\Webhooks;
use Plugin\StammkundeConnector\Write\Batches;
use Plugin\StammkundeConnector\Write\CouponGoods;
use Plugin\StammkundeConnector\Write\CreateCoupon;
use Plugin\StammkundeConnector\Write\DisableCoupon;
use Plugin\StammkundeConnector\Write\ExtendCoupon;
use Plugin\StammkundeConnector\Write\MoveGroup;
use Plugin\StammkundeConnector\Write\People;
use Plugin\StammkundeConnector\Write\SetAttribute;
use Plugin\StammkundeConnector\Write\UpdateTags;

/**
 * Puts the plugin's parts together. The shop itself is behind two interfaces, so the tests bring their own.
 */
final class Parts
{
    public readonly Tags $tags;

    public readonly Attributes $attributes;

    public readonly Coupons $coupons;

    public readonly Settings $settings;

    public readonly Keys $keys;

    public readonly Groups $groups;

    public readonly Feed $feed;

    public readonly Receiver $receiver;

    public readonly Webhooks $webhooks;

    private readonly Times $times;

    private readonly Newsletter $newsletter;

    public function __construct(
        public readonly Database $database,
        public readonly Shop $shop,
        private readonly string $pluginVersion,
        Messenger $messenger = new CurlMessenger(),
    ) {
        $this->times      = new Times($shop);
        $this->tags       = new Tags($database);
        $this->attributes = new Attributes($database);
        $this->coupons    = new Coupons($database);
        $this->settings   = new Settings($database);
        $this->keys       = new Keys($database);
        $this->groups     = new Groups($database, $this->settings);
        $this->feed       = new Feed($database, $shop);
        $this->newsletter = new Newsletter($database, $this->times);
        $this->receiver   = new Receiver($this->settings, $shop);
        $this->webhooks   = new Webhooks($database, $shop, $this->receiver, new Queue($database), $messenger);
    }

    public function api(): Api
    {
        $readers = [
            'customers' => $this->customers(),
            'orders'    => new Orders($this->database, $this->shop, $this->times),
            'products'  => new Products($this->database),
            'coupons'   => new CouponReader($this->database, $this->times),
        ];
        $sources = [
            'customers' => $this->customerSource(),
            'orders'    => $this->orderSource(),
            'products'  => new ProductSource($this->database, $readers['products'], $this->times),
            'coupons'   => new CouponSource($this->database, $readers['coupons']),
        ];

        return new Api(
            $this->shop,
            $this->keys,
            new RateLimit($this->database),
            new Routes(
                $this->database,
                $this->feed,
                $sources,
                $readers,
                $this->ping(),
                $this->groups,
                $this->tags,
                $this->batches(),
            ),
        );
    }

    public function customers(): Customers
    {
        return new Customers(
            $this->database,
            $this->shop,
            $this->newsletter,
            $this->tags,
            $this->attributes,
            $this->groups,
        );
    }

    public function customerSource(): Source
    {
        return new CustomerSource($this->database, $this->newsletter, $this->tags, $this->attributes, $this->times);
    }

    public function orderSource(): Source
    {
        return new OrderSource($this->database, $this->shop, $this->times);
    }

    /** Of one request. */
    public function watch(): Watch
    {
        return new Watch($this->feed, $this->webhooks, $this->shop);
    }

    private function ping(): Ping
    {
        return new Ping(
            $this->database,
            $this->shop,
            $this->times,
            $this->feed,
            $this->groups,
            $this->settings,
            $this->receiver,
            $this->pluginVersion,
        );
    }

    private function batches(): Batches
    {
        $people = new People($this->database);

        return new Batches($this->database, $this->shop, $this->settings, [
            'update-tags'    => new UpdateTags($this->shop, $people, $this->tags),
            'set-attribute'  => new SetAttribute($this->shop, $people, $this->attributes),
            'move-group'     => new MoveGroup($this->shop, $people, $this->groups),
            'create-coupon'  => new CreateCoupon(
                $this->database,
                $this->shop,
                $this->times,
                $people,
                $this->coupons,
                $this->attributes,
                new CouponGoods($this->database),
            ),
            'extend-coupon'  => new ExtendCoupon($this->database, $this->shop, $this->times, $this->coupons),
            'disable-coupon' => new DisableCoupon($this->database, $this->shop, $this->coupons, $this->attributes),
        ]);
    }
}
