<?php

namespace Stammkunde;

use WC_Coupon;

defined( 'ABSPATH' ) || exit;

/**
 * Tags and codes as HTML. Everything that comes from the database is escaped here.
 */
final class Html {

	const TAG = 'display:inline-block;margin:0 4px 4px 0;padding:1px 8px;border-radius:10px;background:#e5f0e8;color:#1d4d2b;font-size:12px;line-height:18px;white-space:nowrap';

	/**
	 * @param list<string> $tags
	 */
	public static function tags( array $tags ): string {
		$html = '';
		foreach ( $tags as $tag ) {
			$html .= '<span style="' . esc_attr( self::TAG ) . '">' . esc_html( $tag ) . '</span>';
		}
		return '' === $html ? self::nothing() : $html;
	}

	/**
	 * @param list<WC_Coupon> $coupons
	 */
	public static function codes( array $coupons ): string {
		$rows = array();
		foreach ( $coupons as $coupon ) {
			$rows[] = '<code>' . self::code( $coupon ) . '</code>' . self::span( $coupon );
		}
		return array() === $rows ? self::nothing() : implode( '<br>', $rows );
	}

	private static function code( WC_Coupon $coupon ): string {
		$code = esc_html( $coupon->get_code() );
		$link = get_edit_post_link( $coupon->get_id(), 'raw' );
		return $link ? '<a href="' . esc_url( $link ) . '">' . $code . '</a>' : $code;
	}

	/**
	 * From when, if that is still to come, and until when.
	 */
	private static function span( WC_Coupon $coupon ): string {
		$parts  = array();
		$starts = Customers::starts( $coupon );
		if ( $starts > time() ) {
			/* translators: %s: a date */
			$parts[] = sprintf( __( 'from %s', 'stammkunde' ), wp_date( (string) get_option( 'date_format' ), $starts ) );
		}
		$expires = $coupon->get_date_expires();
		if ( null !== $expires ) {
			/* translators: %s: a date */
			$parts[] = sprintf( __( 'until %s', 'stammkunde' ), wp_date( (string) get_option( 'date_format' ), $expires->getTimestamp() ) );
		}
		return array() === $parts ? '' : ' <small>' . esc_html( implode( ' ', $parts ) ) . '</small>';
	}

	private static function nothing(): string {
		return '<span aria-hidden="true">—</span><span class="screen-reader-text">' . esc_html( __( 'none', 'stammkunde' ) ) . '</span>';
	}
}
