<?php

namespace Stammkunde;

use WC_Order;
use WP_Post;

defined( 'ABSPATH' ) || exit;

/**
 * A box beside the order: the tags and open codes of whoever ordered.
 *
 * The page is another one where WooCommerce keeps orders in tables of its own (HPOS).
 */
final class OrderPage {

	/** @var Customers */
	private $customers;

	public function __construct( Customers $customers ) {
		$this->customers = $customers;
	}

	public function register(): void {
		add_action( 'add_meta_boxes', array( $this, 'add' ) );
	}

	public function add(): void {
		$screens = array( 'shop_order' );
		if ( function_exists( 'wc_get_page_screen_id' ) ) {
			$screens[] = wc_get_page_screen_id( 'shop-order' );
		}
		add_meta_box( 'stammkunde', 'Stammkunde', array( $this, 'show' ), array_values( array_unique( $screens ) ), 'side' );
	}

	/**
	 * @param WP_Post|WC_Order $shown
	 */
	public function show( $shown ): void {
		$order = $shown instanceof WP_Post ? wc_get_order( $shown->ID ) : $shown;
		if ( ! $order instanceof WC_Order ) {
			return;
		}
		$user = (int) $order->get_customer_id();
		echo '<p><strong>' . esc_html( __( 'Tags', 'stammkunde' ) ) . '</strong><br>';
		// Html escapes what it shows.
		echo $user ? Html::tags( $this->customers->tags( $user ) ) : esc_html( __( 'A guest: WooCommerce keeps no tags of guests.', 'stammkunde' ) ); // phpcs:ignore WordPress.Security.EscapeOutput
		echo '</p><p><strong>' . esc_html( __( 'Open codes', 'stammkunde' ) ) . '</strong><br>';
		echo Html::codes( $this->codes( $user, (string) $order->get_billing_email() ) ); // phpcs:ignore WordPress.Security.EscapeOutput
		echo '</p>';
	}

	/**
	 * @return list<\WC_Coupon>
	 */
	private function codes( int $user, string $email ): array {
		$found = array();
		foreach ( array_merge( $user ? $this->customers->coupons( $user ) : array(), $this->customers->coupons_of_address( $email ) ) as $coupon ) {
			$found[ $coupon->get_id() ] = $coupon;
		}
		return array_values( $found );
	}
}
