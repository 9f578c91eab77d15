CREATE TABLE forgotten (                  -- whom a pull must not bring back
    shop INTEGER NOT NULL,
    mark TEXT NOT NULL,                   -- keyed hash of an id or an address, see mirror/forgotten.py
    why TEXT NOT NULL,                    -- erased: asked to be; expired: kept long enough, until it buys again
    at INTEGER NOT NULL,
    PRIMARY KEY (shop, mark)
) STRICT, WITHOUT ROWID;

-- Personal fields of customers that are kept, as of the last look at the config; see mirror/terms.py.
ALTER TABLE shops ADD COLUMN kept TEXT;
