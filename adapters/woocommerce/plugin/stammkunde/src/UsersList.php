<?php

namespace Stammkunde;

use WP_User;

defined( 'ABSPATH' ) || exit;

/**
 * Two columns in the list of users.
 */
final class UsersList {

	/** @var Customers */
	private $customers;

	public function __construct( Customers $customers ) {
		$this->customers = $customers;
	}

	public function register(): void {
		add_filter( 'manage_users_columns', array( $this, 'columns' ) );
		add_filter( 'manage_users_custom_column', array( $this, 'cell' ), 10, 3 );
	}

	/**
	 * @param array<string, string> $columns
	 * @return array<string, string>
	 */
	public function columns( $columns ): array {
		$columns['stammkunde_tags']  = esc_html( __( 'Tags', 'stammkunde' ) );
		$columns['stammkunde_codes'] = esc_html( __( 'Open codes', 'stammkunde' ) );
		return $columns;
	}

	/**
	 * @param string $html   Of other plugins.
	 * @param string $column
	 * @param int    $user
	 */
	public function cell( $html, $column, $user ): string {
		if ( 'stammkunde_tags' === $column ) {
			return Html::tags( $this->customers->tags( (int) $user ) );
		}
		if ( 'stammkunde_codes' === $column ) {
			$this->customers->prepare( self::shown() );
			return Html::codes( $this->customers->coupons( (int) $user ) );
		}
		return (string) $html;
	}

	/**
	 * The users of this page of the list, so that their coupons are looked up at once.
	 *
	 * @return list<int>
	 */
	private static function shown(): array {
		$items = isset( $GLOBALS['wp_list_table']->items ) ? (array) $GLOBALS['wp_list_table']->items : array();
		$users = array();
		foreach ( $items as $item ) {
			if ( $item instanceof WP_User ) {
				$users[] = (int) $item->ID;
			}
		}
		return $users;
	}
}
