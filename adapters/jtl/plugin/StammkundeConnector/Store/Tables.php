<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Store;

/**
 * The plugin's own tables. The shop asks that they begin with xplugin_ and the plugin's id.
 */
final class Tables
{
    public const KEYS       = 'xplugin_stammkundeconnector_key';
    public const ATTEMPTS   = 'xplugin_stammkundeconnector_attempt';
    public const TAGS       = 'xplugin_stammkundeconnector_tag';
    public const ATTRIBUTES = 'xplugin_stammkundeconnector_attribute';
    public const COUPONS    = 'xplugin_stammkundeconnector_coupon';
    public const RECORDS    = 'xplugin_stammkundeconnector_record';
    public const FEEDS      = 'xplugin_stammkundeconnector_feed';
    public const BATCHES    = 'xplugin_stammkundeconnector_batch';
    public const SETTINGS   = 'xplugin_stammkundeconnector_setting';
    public const MESSAGES   = 'xplugin_stammkundeconnector_message';

    /**
     * @return array<string, list<string>> by table, what makes it; both MariaDB and SQLite understand it
     */
    public static function definitions(): array
    {
        return [
            self::KEYS => ['CREATE TABLE ' . self::KEYS . ' (
                id VARCHAR(8) NOT NULL, name VARCHAR(100) NOT NULL, hash CHAR(64) NOT NULL,
                scopes VARCHAR(100) NOT NULL, created BIGINT NOT NULL, used BIGINT NULL,
                PRIMARY KEY (id))'],
            self::ATTEMPTS => ['CREATE TABLE ' . self::ATTEMPTS . ' (
                bucket CHAR(64) NOT NULL, minute BIGINT NOT NULL, attempts INT NOT NULL,
                PRIMARY KEY (bucket, minute))'],
            self::TAGS => [
                'CREATE TABLE ' . self::TAGS . ' (
                    customer INT NOT NULL, folded VARCHAR(300) NOT NULL, tag VARCHAR(100) NOT NULL,
                    run VARCHAR(64) NOT NULL, created BIGINT NOT NULL,
                    PRIMARY KEY (customer, folded))',
                'CREATE INDEX stammkunde_tag_folded ON ' . self::TAGS . ' (folded)',
            ],
            self::ATTRIBUTES => ['CREATE TABLE ' . self::ATTRIBUTES . ' (
                customer INT NOT NULL, name VARCHAR(64) NOT NULL, content VARCHAR(255) NOT NULL,
                run VARCHAR(64) NOT NULL, created BIGINT NOT NULL,
                PRIMARY KEY (customer, name))'],
            self::COUPONS => [
                'CREATE TABLE ' . self::COUPONS . ' (
                    coupon INT NOT NULL, mark VARCHAR(191) NOT NULL, code VARCHAR(32) NOT NULL,
                    customer INT NULL, bound VARCHAR(8) NOT NULL, title VARCHAR(255) NOT NULL,
                    percentage DOUBLE NULL, amount DOUBLE NULL, minimum DOUBLE NOT NULL,
                    starts BIGINT NULL, ends BIGINT NULL, disabled BIGINT NULL,
                    run VARCHAR(64) NOT NULL, created BIGINT NOT NULL,
                    PRIMARY KEY (coupon), UNIQUE (mark), UNIQUE (code))',
                'CREATE INDEX stammkunde_coupon_customer ON ' . self::COUPONS . ' (customer)',
            ],
            self::RECORDS => [
                'CREATE TABLE ' . self::RECORDS . ' (
                    kind VARCHAR(10) NOT NULL, id INT NOT NULL, checksum CHAR(32) NOT NULL,
                    modified BIGINT NOT NULL, cancelled BIGINT NULL, gone INT NOT NULL,
                    PRIMARY KEY (kind, id))',
                'CREATE INDEX stammkunde_record_modified ON ' . self::RECORDS . ' (kind, modified, id)',
            ],
            self::FEEDS => ['CREATE TABLE ' . self::FEEDS . ' (
                kind VARCHAR(10) NOT NULL, started BIGINT NOT NULL, complete INT NOT NULL,
                PRIMARY KEY (kind))'],
            self::BATCHES => ['CREATE TABLE ' . self::BATCHES . ' (
                run VARCHAR(64) NOT NULL, batch INT NOT NULL, content CHAR(64) NOT NULL,
                changes INT NOT NULL, answer MEDIUMTEXT NOT NULL, created BIGINT NOT NULL,
                PRIMARY KEY (run, batch))'],
            self::SETTINGS => ['CREATE TABLE ' . self::SETTINGS . ' (
                name VARCHAR(64) NOT NULL, content TEXT NOT NULL,
                PRIMARY KEY (name))'],
            self::MESSAGES => [
                'CREATE TABLE ' . self::MESSAGES . ' (
                    kind VARCHAR(10) NOT NULL, record INT NOT NULL, id VARCHAR(32) NOT NULL,
                    topic VARCHAR(32) NOT NULL, occurred BIGINT NOT NULL,
                    PRIMARY KEY (kind, record))',
                'CREATE INDEX stammkunde_message_occurred ON ' . self::MESSAGES . ' (occurred)',
                'CREATE INDEX stammkunde_message_id ON ' . self::MESSAGES . ' (id)',
            ],
        ];
    }
}
