CREATE TABLE shops (
    shop INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,            -- as in the config
    info TEXT,                            -- ShopInfo as JSON, from the last check
    currency TEXT,
    time_zone TEXT,
    checked_at INTEGER,
    terms TEXT,                           -- fingerprint of what decides which rows count; see facts
    rebuild INTEGER NOT NULL DEFAULT 1,   -- facts must be worked out anew
    basis TEXT,                           -- what every row of facts depends on besides the mirror
    window_end INTEGER,                   -- day up to which windowed facts were worked out
    hold TEXT                             -- why pushing is held until `resume`
) STRICT;

CREATE TABLE customers (
    customer INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    id TEXT NOT NULL,
    guest INTEGER NOT NULL,
    email TEXT,
    email_key TEXT,                       -- trimmed and case-folded
    first_name TEXT,
    last_name TEXT,
    phone TEXT,
    company TEXT,
    language TEXT,
    country TEXT,
    region TEXT,
    city TEXT,
    customer_group TEXT,
    tags TEXT NOT NULL,                   -- JSON array, foreign ones included
    account_status TEXT,
    birthday TEXT,
    gender TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    shop_order_count INTEGER,             -- the shop's own figures
    shop_amount_spent INTEGER,
    attributes TEXT NOT NULL,             -- JSON object
    excluded TEXT,                        -- why the owner's `exclude` leaves this account out
    digest INTEGER NOT NULL,              -- of the record, to tell a change from a mere touch
    read_at INTEGER NOT NULL,             -- when the read that gave this row began
    missed INTEGER NOT NULL DEFAULT 0,    -- completed sweeps that did not see it
    gone_at INTEGER,
    person INTEGER,
    UNIQUE (shop, id)
) STRICT;

CREATE TABLE consents (
    customer INTEGER NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    level TEXT NOT NULL,
    changed_at INTEGER,
    PRIMARY KEY (customer, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    order_key INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    id TEXT NOT NULL,
    number TEXT NOT NULL,
    customer_id TEXT,
    email_key TEXT,
    placed_at INTEGER NOT NULL,
    day INTEGER NOT NULL,                 -- of placed_at, in the shop's time zone
    updated_at INTEGER,
    cancelled_at INTEGER,
    test INTEGER NOT NULL,
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    goods INTEGER NOT NULL,
    discounts INTEGER NOT NULL,
    shipping INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    spent INTEGER,                        -- NULL where it is not in the shop's currency
    net INTEGER,
    payment TEXT NOT NULL,
    shipment TEXT NOT NULL,
    shipped_at INTEGER,
    open_return INTEGER NOT NULL,
    payment_method TEXT,
    channel TEXT,
    location TEXT,
    country TEXT,
    has_code INTEGER NOT NULL,
    uncounted TEXT,                       -- why it is not eligible; NULL: it counts
    returned INTEGER NOT NULL,            -- every piece came back
    digest INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    missed INTEGER NOT NULL DEFAULT 0,
    gone_at INTEGER,
    person INTEGER,
    UNIQUE (shop, id)
) STRICT;

CREATE TABLE line_items (
    order_key INTEGER NOT NULL,
    position INTEGER NOT NULL,
    shop INTEGER NOT NULL,
    product_id TEXT,
    variant_id TEXT,
    sku TEXT,
    title TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    total INTEGER NOT NULL,
    gift_card INTEGER NOT NULL,
    PRIMARY KEY (order_key, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE refunds (
    order_key INTEGER NOT NULL,
    id TEXT NOT NULL,
    refunded_at INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    shipping INTEGER NOT NULL,
    PRIMARY KEY (order_key, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE order_codes (
    order_key INTEGER NOT NULL,
    code TEXT NOT NULL COLLATE NOCASE,
    shop INTEGER NOT NULL,
    PRIMARY KEY (order_key, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    product INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    vendor TEXT,
    categories TEXT NOT NULL,             -- JSON arrays
    tags TEXT NOT NULL,
    skus TEXT NOT NULL,
    updated_at INTEGER,
    digest INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    missed INTEGER NOT NULL DEFAULT 0,
    gone_at INTEGER,
    UNIQUE (shop, id)
) STRICT;

CREATE TABLE product_words (              -- what groups find products by, case-folded
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,                   -- tag, category, vendor, sku, title
    word TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (shop, kind, word, product_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE coupons (                    -- ours, as the shop has them
    shop INTEGER NOT NULL,
    code TEXT NOT NULL COLLATE NOCASE,
    id TEXT NOT NULL,
    campaign TEXT NOT NULL,
    person_key TEXT NOT NULL,
    round INTEGER NOT NULL,
    customer_id TEXT,
    starts_at INTEGER,
    ends_at INTEGER,
    active INTEGER NOT NULL,
    used INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (shop, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE shop_tags (                  -- tags with our prefix, as the shop has them
    shop INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    tag_key TEXT NOT NULL,                -- case-folded, which NOCASE does for A to Z only
    tag TEXT NOT NULL,
    PRIMARY KEY (shop, customer_id, tag_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE prefixes (                   -- every prefix our tags ever had
    shop INTEGER NOT NULL,
    prefix TEXT NOT NULL,                 -- case-folded
    PRIMARY KEY (shop, prefix)
) STRICT, WITHOUT ROWID;

CREATE TABLE reads (                      -- a read in progress
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,                   -- customers, orders, products, coupons, tags, ids:customers, ...
    since INTEGER,
    began_at INTEGER NOT NULL,
    newest INTEGER,
    checkpoint TEXT,
    records INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shop, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE watermarks (                 -- the last read that was completed
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,
    watermark INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    full_at INTEGER,                      -- when everything was last read
    PRIMARY KEY (shop, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep (                      -- ids seen by a sweep in progress
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (shop, kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE touched (                    -- what new data changed and people and facts have not seen yet
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,                   -- customers, orders (by key), email, person
    value ANY NOT NULL,
    PRIMARY KEY (shop, kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    person INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    identity TEXT NOT NULL,               -- c:<oldest account> or g:<e-mail of a guest>
    cluster TEXT NOT NULL,                -- e:<e-mail> or c:<account without e-mail>; '' = nobody any more
    email_key TEXT,
    customer INTEGER,                     -- the record that carries tags; NULL: the shop keeps none
    excluded TEXT,
    UNIQUE (shop, identity)
) STRICT;
CREATE INDEX people_by_cluster ON people(shop, cluster);

CREATE TABLE facts (                      -- one row a person; see DEFINITIONS for each figure
    person INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    tie TEXT NOT NULL,                    -- id that breaks ties: the account's, else the identity
    orders INTEGER NOT NULL,              -- eligible ones
    spent INTEGER NOT NULL,
    net INTEGER NOT NULL,
    first_day INTEGER,
    last_day INTEGER,
    code_orders INTEGER NOT NULL,         -- eligible orders with a discount code
    window_orders INTEGER NOT NULL,       -- in the ABC window
    window_value INTEGER NOT NULL,
    abc_class TEXT,
    unknown INTEGER NOT NULL              -- the shop knows more orders of this person than we can see
) STRICT;
CREATE INDEX facts_by_value ON facts(shop, window_value DESC, tie) WHERE window_orders > 0;

CREATE TABLE abc_cuts (                   -- the last of A and the last of B; see classes.py
    shop INTEGER NOT NULL,
    name TEXT NOT NULL,
    share INTEGER NOT NULL,
    value INTEGER NOT NULL,
    tie TEXT NOT NULL,
    reached INTEGER NOT NULL,             -- sum of all values up to here
    total INTEGER NOT NULL,
    PRIMARY KEY (shop, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE dirty (                      -- people whose facts changed and whose groups have not seen it
    person INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL
) STRICT;

CREATE TABLE groups (
    grp INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    name TEXT NOT NULL,                   -- of a group, or ladder/step
    rule TEXT NOT NULL,                   -- fingerprint of what decides membership
    day INTEGER NOT NULL,                 -- the shop's day it was worked out for
    evaluated_at INTEGER NOT NULL,
    stale TEXT,                           -- why it could not be worked out anew
    UNIQUE (shop, name)
) STRICT;

CREATE TABLE members (
    grp INTEGER NOT NULL,
    person INTEGER NOT NULL,
    entered_at INTEGER NOT NULL,
    PRIMARY KEY (grp, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_person ON members(person);

CREATE TABLE membership_history (
    event INTEGER PRIMARY KEY,
    shop INTEGER NOT NULL,
    name TEXT NOT NULL,
    identity TEXT NOT NULL,
    at INTEGER NOT NULL,
    entered INTEGER NOT NULL              -- 1 entered, 0 left
) STRICT;
CREATE INDEX history_by_identity ON membership_history(shop, identity);

CREATE TABLE runs (
    run TEXT PRIMARY KEY,
    shop INTEGER NOT NULL,
    kind TEXT NOT NULL,                   -- pull, push, undo, adopt, resume
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,                         -- done, failed: ...; NULL: running or killed
    undoes TEXT,
    counts TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX runs_by_shop ON runs(shop, began_at);

CREATE TABLE changes (                    -- the ledger: written before the call, settled after it
    run TEXT NOT NULL,
    position INTEGER NOT NULL,
    shop INTEGER NOT NULL,
    customer_id TEXT,
    change TEXT NOT NULL,                 -- a model.Change as JSON
    reason TEXT,                          -- why, in words: the groups and campaigns behind it
    state TEXT NOT NULL,                  -- planned, done, refused
    error TEXT,
    settled_at INTEGER,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX changes_unsettled ON changes(shop) WHERE state = 'planned';
CREATE INDEX changes_by_customer ON changes(shop, customer_id);

CREATE TABLE own_tags (                   -- tags that are ours: planned by our ledger, or adopted
    shop INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    tag_key TEXT NOT NULL,                -- case-folded
    run TEXT NOT NULL,
    PRIMARY KEY (shop, customer_id, tag_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE issued (                     -- every coupon we ever planned; (shop, campaign, person, round) is one
    shop INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    person_key TEXT NOT NULL,             -- as in the mark
    round INTEGER NOT NULL,
    code TEXT NOT NULL COLLATE NOCASE,
    customer_id TEXT NOT NULL,
    state TEXT NOT NULL,                  -- planned, issued, refused, revoked
    run TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    face_value INTEGER NOT NULL,
    PRIMARY KEY (shop, campaign, person_key, round)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX issued_by_code ON issued(shop, code);

CREATE TABLE approvals (                  -- a plan the owner has looked at
    shop INTEGER PRIMARY KEY,
    approved_at INTEGER NOT NULL,
    changes TEXT NOT NULL                 -- JSON array of model.Change
) STRICT;

CREATE TABLE installation (
    name TEXT PRIMARY KEY,                -- id, key_fingerprint
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
