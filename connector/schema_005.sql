CREATE TABLE outbox (                     -- what receivers are to be told, written before anything is sent
    message INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,                   -- see outbox/messages.py
    subject TEXT NOT NULL,                -- the group, the code, or the kind of trouble
    identity TEXT,                        -- of the person it is about; who that is is looked up when it is sent
    at INTEGER NOT NULL,
    text TEXT                             -- of an alert
) STRICT;

CREATE TABLE deliveries (                 -- one message to one receiver
    message INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER,
    outcome TEXT,                         -- delivered, given up, or pointless (nobody is there any more)
    PRIMARY KEY (message, receiver)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_waiting ON deliveries(receiver, message) WHERE ended_at IS NULL;

CREATE TABLE receivers (                  -- how it goes with each
    receiver TEXT PRIMARY KEY,
    failures INTEGER NOT NULL DEFAULT 0,  -- in a row
    not_before INTEGER NOT NULL DEFAULT 0,
    error TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox_fed (                 -- how far each source has been made into messages
    shop INTEGER NOT NULL,
    source TEXT NOT NULL,                 -- membership, codes
    position INTEGER NOT NULL,
    PRIMARY KEY (shop, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE told_codes (                 -- what was said of each code
    shop INTEGER NOT NULL,
    code TEXT NOT NULL COLLATE NOCASE,
    kind TEXT NOT NULL,
    PRIMARY KEY (shop, code, kind)
) STRICT, WITHOUT ROWID;
