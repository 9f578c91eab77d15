<?php
/**
 * The German texts.
 */

defined( 'ABSPATH' ) || exit;

return array(
	'Tags'                                          => 'Tags',
	'Open codes'                                    => 'Offene Codes',
	'none'                                          => 'keine',
	'until %s'                                      => 'bis %s',
	'from %s'                                       => 'ab %s',
	'A guest: WooCommerce keeps no tags of guests.' => 'Ein Gast: Tags merkt sich WooCommerce nur bei Kundenkonten.',
	'This code is not valid yet.'                   => 'Dieser Code gilt noch nicht.',
);
