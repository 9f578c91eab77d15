-- Whether somebody is in the RFM scores: ordered, and not left out.
ALTER TABLE facts ADD COLUMN ranked INTEGER NOT NULL DEFAULT 0;

CREATE TABLE rfm_cuts (                   -- the values that end a score, see scores.py
    shop INTEGER NOT NULL,
    name TEXT NOT NULL,                   -- recency, frequency, monetary
    step INTEGER NOT NULL,                -- 1 to 4: whoever has more than `value` scores more than this
    value INTEGER NOT NULL,
    below INTEGER NOT NULL,               -- people with less than it
    upto INTEGER NOT NULL,                -- people with at most that
    people INTEGER NOT NULL,              -- who are ranked
    PRIMARY KEY (shop, name, step)
) STRICT, WITHOUT ROWID;

-- The last event in its history that the owner has accepted, see groups.py.
ALTER TABLE groups ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;

-- How many members it has, so that nobody needs to count them.
ALTER TABLE groups ADD COLUMN size INTEGER NOT NULL DEFAULT 0;

-- A group that is there already is accepted as it is.
UPDATE groups SET accepted = (SELECT coalesce(max(event), 0) FROM membership_history),
    size = (SELECT count(*) FROM members AS m WHERE m.grp = groups.grp);

UPDATE shops SET rebuild = 1;
