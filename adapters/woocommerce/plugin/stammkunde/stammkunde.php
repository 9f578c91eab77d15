<?php
/**
 * Plugin Name: Stammkunde
 * Description: Shows the tags and open coupon codes that Stammkunde gave to customers, in the list of users and on the order page, and keeps a code shut before its first day. Changes nothing.
 * Version: 0.0.0
 * Requires at least: 5.5
 * Requires PHP: 7.4
 * Requires Plugins: woocommerce
 * Author: Stammkunde
 * License: MIT
 * Text Domain: stammkunde
 * WC requires at least: 5.8
 *
 * The MIT License is compatible with the GPL, version 2 and later, under which WordPress and WooCommerce stand.
 */

defined( 'ABSPATH' ) || exit;

foreach ( array( 'Texts', 'Customers', 'Html', 'UsersList', 'OrderPage', 'FirstDay', 'Status' ) as $part ) {
	require_once __DIR__ . '/src/' . $part . '.php';
}

add_action(
	'before_woocommerce_init',
	static function () {
		if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', __FILE__, true );
		}
	}
);

add_action(
	'plugins_loaded',
	static function () {
		if ( ! class_exists( 'WooCommerce' ) ) {
			return;
		}
		$customers = new \Stammkunde\Customers();
		( new \Stammkunde\Texts( __DIR__ . '/languages' ) )->register();
		( new \Stammkunde\UsersList( $customers ) )->register();
		( new \Stammkunde\OrderPage( $customers ) )->register();
		( new \Stammkunde\FirstDay() )->register();
		( new \Stammkunde\Status( __FILE__ ) )->register();
	}
);
