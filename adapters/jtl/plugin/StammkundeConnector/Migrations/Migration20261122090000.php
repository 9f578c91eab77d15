<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Migrations;

use JTL\Plugin\Migration;
use JTL\Update\IMigration;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * The table of webhooks that wait, for a shop that had the plugin before there were any.
 */
class Migration20261122090000 extends Migration implements IMigration
{
    protected $author = 'Stammkunde';

    protected $description = 'Webhooks of the Stammkunde Connector';

    public function up()
    {
        if ($this->db->getSingleArray("SHOW TABLES LIKE '" . Tables::MESSAGES . "'") !== null) {
            return;
        }
        foreach (Tables::definitions()[Tables::MESSAGES] as $i => $statement) {
            $this->execute(
                $statement . ($i === 0 ? ' ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin' : ''),
            );
        }
    }

    public function down()
    {
        if ($this->doDeleteData()) {
            $this->execute('DROP TABLE IF EXISTS ' . Tables::MESSAGES);
        }
    }
}
