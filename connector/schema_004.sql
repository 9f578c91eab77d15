CREATE TABLE hooks_seen (                 -- deliveries of webhooks by the platform's own id
    shop INTEGER NOT NULL,
    id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (shop, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hooks_seen_by_time ON hooks_seen(received_at);

CREATE TABLE hooks (                      -- records a webhook told us to read again
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,         -- of the last hint
    PRIMARY KEY (shop, kind, record_id)
) STRICT, WITHOUT ROWID;
