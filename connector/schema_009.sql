CREATE TABLE joined_shops (               -- shops of one customer base, as the config says; see bases.py
    shop INTEGER NOT NULL,
    other INTEGER NOT NULL,               -- whose figures count beside those of `shop`, by e-mail
    rate REAL,                            -- minor units of `shop` for one of `other`; NULL: not known
    PRIMARY KEY (shop, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX joined_by_other ON joined_shops(other);
