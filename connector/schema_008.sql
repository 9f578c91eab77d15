CREATE TABLE outlet_contacts (            -- what contacts of a newsletter tool have from us
    shop INTEGER NOT NULL,
    outlet TEXT NOT NULL,                 -- the name of its table in the config
    identity TEXT NOT NULL,               -- of the person
    address TEXT NOT NULL,                -- a hash: under another address it is another contact
    looked_at INTEGER NOT NULL,
    why TEXT,                             -- why the tool's contact is left out; NULL: it is not
    planned TEXT,                         -- a hash of the code part that was about to be written
    given TEXT,                           -- of the one that was; NULL: none yet
    groups TEXT,                          -- JSON, the groups that it was told; NULL: none yet
    PRIMARY KEY (shop, outlet, identity)
) STRICT, WITHOUT ROWID;
