-- Indexes that hold more now; `Database.build_indexes`, facts.py and classes.py make them anew.
DROP INDEX IF EXISTS orders_by_customer;
DROP INDEX IF EXISTS orders_by_person;
DROP INDEX IF EXISTS facts_by_value;

-- How many times facts were brought in line with something new: while it stays, so do the figures of pages.
ALTER TABLE shops ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;

-- `unknown` is told record by record now, so everybody's facts are worked out anew once.
UPDATE shops SET rebuild = 1;
