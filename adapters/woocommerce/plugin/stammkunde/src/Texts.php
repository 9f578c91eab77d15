<?php

namespace Stammkunde;

defined( 'ABSPATH' ) || exit;

/**
 * The German texts, without compiled catalogues. A catalogue of WordPress for another language still works.
 */
final class Texts {

	/** @var string */
	private $folder;

	/** @var array<string, string>|null */
	private $german = null;

	public function __construct( string $folder ) {
		$this->folder = $folder;
	}

	public function register(): void {
		add_filter( 'gettext_stammkunde', array( $this, 'translate' ), 10, 2 );
	}

	/**
	 * @param string $translation What WordPress found; the text itself if nothing.
	 * @param string $text        The English text.
	 */
	public function translate( $translation, $text ): string {
		if ( $translation !== $text || 0 !== strpos( determine_locale(), 'de' ) ) {
			return (string) $translation;
		}
		if ( null === $this->german ) {
			$this->german = require $this->folder . '/de.php';
		}
		return $this->german[ $text ] ?? (string) $translation;
	}
}
