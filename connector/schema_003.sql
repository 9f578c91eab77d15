-- issued: `terms` is the CreateCoupon as JSON, NULL where only the shop knew it; `handed_at` is when the
-- customer could first read the code, by whatever way; `cleaned_at` when it was disabled in the shop because it was over;
-- `earned_by` the id of the friend's order that a reward is for; `replaces` the code in whose place it came.
ALTER TABLE issued ADD COLUMN terms TEXT;
ALTER TABLE issued ADD COLUMN handed_at INTEGER;
ALTER TABLE issued ADD COLUMN cleaned_at INTEGER;
ALTER TABLE issued ADD COLUMN earned_by TEXT;
ALTER TABLE issued ADD COLUMN replaces TEXT COLLATE NOCASE;

-- changes: `needs` is the code without which the change is not made.
ALTER TABLE changes ADD COLUMN needs TEXT;

UPDATE issued SET handed_at = starts_at WHERE state = 'issued';
UPDATE issued SET terms = (
    SELECT c.change FROM changes AS c
    WHERE c.run = issued.run AND c.shop = issued.shop
        AND json_extract(c.change, '$.type') = 'create-coupon'
        AND json_extract(c.change, '$.code') = issued.code
);

CREATE TABLE assignments (                -- who is treated and who is held out; never changed
    shop INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    person_key TEXT NOT NULL,             -- as in the mark
    arm TEXT NOT NULL,                    -- treated, holdout
    share INTEGER NOT NULL,               -- of the holdout then, in thousandths; 0: nobody was held out
    assigned_at INTEGER NOT NULL,         -- when the person first became eligible
    PRIMARY KEY (shop, campaign, person_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE handovers (                  -- which way each code has gone to the customer
    shop INTEGER NOT NULL,
    code TEXT NOT NULL COLLATE NOCASE,
    outlet TEXT NOT NULL,                 -- as in `deliver`: csv, or the name of an outlet
    handed_at INTEGER NOT NULL,
    reminded_at INTEGER,                  -- handed over once more, because it ends soon
    PRIMARY KEY (shop, code, outlet)
) STRICT, WITHOUT ROWID;

CREATE TABLE stopped_campaigns (          -- issue nothing until `campaign start`
    shop INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    stopped_at INTEGER NOT NULL,
    PRIMARY KEY (shop, campaign)
) STRICT, WITHOUT ROWID;
