<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Migrations;

use JTL\Plugin\Migration;
use JTL\Update\IMigration;
use Plugin\StammkundeConnector\Store\Tables;

/**
 * The plugin's own tables. They stay when the owner uninstalls the plugin and keeps its data.
 */
class Migration20261122060000 extends Migration implements IMigration
{
    protected $author = 'Stammkunde';

    protected $description = 'Tables of the Stammkunde Connector';

    public function up()
    {
        foreach (Tables::definitions() as $table => $statements) {
            if ($this->db->getSingleArray("SHOW TABLES LIKE '" . $table . "'") !== null) {
                continue;
            }
            foreach ($statements as $i => $statement) {
                $this->execute(
                    // Tags that differ in an accent are two tags, so the collation is exact.
                    $statement . ($i === 0 ? ' ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin' : ''),
                );
            }
        }
    }

    public function down()
    {
        if (!$this->doDeleteData()) {
            return;
        }
        foreach (\array_keys(Tables::definitions()) as $table) {
            $this->execute('DROP TABLE IF EXISTS ' . $table);
        }
    }
}
