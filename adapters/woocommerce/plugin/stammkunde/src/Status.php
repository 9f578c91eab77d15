<?php

namespace Stammkunde;

defined( 'ABSPATH' ) || exit;

/**
 * `GET /wp-json/stammkunde/v1/status`: by it Stammkunde sees that this plugin is switched on.
 */
final class Status {

	/** @var string */
	private $file;

	public function __construct( string $file ) {
		$this->file = $file;
	}

	public function register(): void {
		add_action( 'rest_api_init', array( $this, 'add_route' ) );
	}

	public function add_route(): void {
		register_rest_route(
			'stammkunde/v1',
			'/status',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'answer' ),
				'permission_callback' => static function (): bool {
					return current_user_can( 'list_users' );
				},
			)
		);
	}

	/**
	 * @return array<string, string>
	 */
	public function answer(): array {
		$data = get_file_data( $this->file, array( 'version' => 'Version' ) );
		return array( 'version' => $data['version'] );
	}
}
