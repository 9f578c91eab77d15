<?php

namespace Stammkunde;

use WC_Coupon;

defined( 'ABSPATH' ) || exit;

/**
 * What Stammkunde wrote about customers into the shop. It is only read here.
 */
final class Customers {

	const TAGS     = 'stammkunde_tags';
	const MARK     = 'stammkunde_mark';
	const CUSTOMER = 'stammkunde_customer';
	const STARTS   = 'stammkunde_starts';
	const DISABLED = 'stammkunde_disabled';

	/** @var array<int, list<WC_Coupon>> Open coupons by user. */
	private $known = array();

	/**
	 * The tags of a user.
	 *
	 * @return list<string>
	 */
	public function tags( int $user ): array {
		$value = get_user_meta( $user, self::TAGS, true );
		if ( is_string( $value ) ) {
			$value = array_map( 'trim', explode( ',', $value ) );
		}
		return array_values( array_filter( (array) $value, array( self::class, 'is_tag' ) ) );
	}

	/**
	 * @param mixed $value One entry of the list.
	 */
	private static function is_tag( $value ): bool {
		return is_string( $value ) && '' !== $value;
	}

	/**
	 * Look the coupons of many users up at once, for a list of them.
	 *
	 * @param list<int> $users
	 */
	public function prepare( array $users ): void {
		$users = array_values( array_diff( array_map( 'intval', $users ), array_keys( $this->known ) ) );
		if ( array() === $users ) {
			return;
		}
		$this->known += array_fill_keys( $users, array() );
		$coupons      = $this->open( array( 'key' => self::CUSTOMER, 'value' => array_map( 'strval', $users ), 'compare' => 'IN' ) );
		foreach ( $coupons as $coupon ) {
			$this->known[ (int) $coupon->get_meta( self::CUSTOMER ) ][] = $coupon;
		}
	}

	/**
	 * The coupons that a user can still use.
	 *
	 * @return list<WC_Coupon>
	 */
	public function coupons( int $user ): array {
		$this->prepare( array( $user ) );
		return $this->known[ $user ];
	}

	/**
	 * The coupons bound to an e-mail address that can still be used.
	 *
	 * @return list<WC_Coupon>
	 */
	public function coupons_of_address( string $email ): array {
		if ( '' === $email ) {
			return array();
		}
		// WooCommerce keeps the addresses as a serialised list, so each stands in quotation marks.
		$found = $this->open( array( 'key' => 'customer_email', 'value' => '"' . strtolower( $email ) . '"', 'compare' => 'LIKE' ) );
		return array_values(
			array_filter(
				$found,
				static function ( WC_Coupon $coupon ) use ( $email ): bool {
					return in_array( strtolower( $email ), $coupon->get_email_restrictions(), true );
				}
			)
		);
	}

	/**
	 * Coupons of ours that fit a condition and are neither used, expired nor switched off.
	 *
	 * @param array<string, mixed> $condition
	 * @return list<WC_Coupon>
	 */
	private function open( array $condition ): array {
		$numbers = get_posts(
			array(
				'post_type'      => 'shop_coupon',
				'post_status'    => 'publish',
				'posts_per_page' => 500,
				'fields'         => 'ids',
				'orderby'        => 'ID',
				'order'          => 'DESC',
				'meta_query'     => array( $condition, array( 'key' => self::MARK, 'compare' => 'EXISTS' ) ),
			)
		);
		$coupons = array();
		foreach ( $numbers as $number ) {
			$coupon = new WC_Coupon( (int) $number );
			if ( self::is_open( $coupon ) ) {
				$coupons[] = $coupon;
			}
		}
		return $coupons;
	}

	private static function is_open( WC_Coupon $coupon ): bool {
		$expires = $coupon->get_date_expires();
		$limit   = (int) $coupon->get_usage_limit();
		return ! $coupon->get_meta( self::DISABLED )
			&& ( null === $expires || $expires->getTimestamp() >= time() )
			&& ( 0 === $limit || (int) $coupon->get_usage_count() < $limit );
	}

	/**
	 * When a coupon of ours begins to work, in seconds since 1970; 0 where it says nothing of it.
	 */
	public static function starts( WC_Coupon $coupon ): int {
		$text = $coupon->get_meta( self::MARK ) ? $coupon->get_meta( self::STARTS ) : '';
		return is_string( $text ) && '' !== $text ? (int) strtotime( $text ) : 0;
	}
}
