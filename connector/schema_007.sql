CREATE TABLE figures (                    -- what pages show, kept so that nobody waits for it; see web/figures.py
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,                   -- numbers, before, groups, plan, or group:NAME
    day INTEGER NOT NULL,                 -- the shop's day that they are of
    worked_out_at INTEGER NOT NULL,
    basis TEXT NOT NULL,                  -- what they were worked out from
    body TEXT NOT NULL,                   -- JSON; counts and sums only, nothing about anybody
    PRIMARY KEY (shop, kind)
) STRICT, WITHOUT ROWID;
