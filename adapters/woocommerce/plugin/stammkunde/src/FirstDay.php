<?php

namespace Stammkunde;

use Exception;
use WC_Coupon;

defined( 'ABSPATH' ) || exit;

/**
 * A code of ours does not work before it begins. WooCommerce itself knows only when a coupon ends.
 */
final class FirstDay {

	public function register(): void {
		add_filter( 'woocommerce_coupon_is_valid', array( $this, 'is_valid' ), 10, 2 );
	}

	/**
	 * @param bool  $valid
	 * @param mixed $coupon
	 * @throws Exception Which WooCommerce shows to the buyer.
	 */
	public function is_valid( $valid, $coupon ): bool {
		if ( $valid && $coupon instanceof WC_Coupon && Customers::starts( $coupon ) > time() ) {
			throw new Exception( esc_html( __( 'This code is not valid yet.', 'stammkunde' ) ) );
		}
		return (bool) $valid;
	}
}
