-- Removes people from every table. What counts towards a budget or a trial stays, under the name of nobody.
-- Parameters: the shop, and JSON arrays of what `Traces` found.

DELETE FROM consents WHERE customer IN (
    SELECT customer FROM customers WHERE shop = :shop AND id IN (SELECT value FROM json_each(:ids))
);
DELETE FROM touched WHERE shop = :shop AND (
    (kind IN ('email', 'elsewhere', 'to-tell') AND value IN (SELECT value FROM json_each(:emails)))
    OR (kind = 'person' AND value IN (SELECT value FROM json_each(:people)))
    OR (kind = 'customers' AND value IN (
        SELECT customer FROM customers WHERE shop = :shop AND id IN (SELECT value FROM json_each(:ids))
    ))
);
DELETE FROM customers WHERE shop = :shop AND id IN (SELECT value FROM json_each(:ids));

DELETE FROM order_codes WHERE order_key IN (SELECT value FROM json_each(:orders));
UPDATE orders SET customer_id = NULL, email_key = NULL, person = NULL, has_code = 0, digest = 0
WHERE order_key IN (SELECT value FROM json_each(:orders));

-- Shops of the same base that know the person themselves must count without these orders.
INSERT OR IGNORE INTO touched
SELECT j.shop, 'elsewhere', p.email_key FROM people AS p JOIN joined_shops AS j ON j.other = p.shop
WHERE p.person IN (SELECT value FROM json_each(:people))
    AND EXISTS (SELECT 1 FROM people AS q WHERE q.shop = j.shop AND q.cluster = 'e:' || p.email_key);
DELETE FROM facts WHERE person IN (SELECT value FROM json_each(:people));
DELETE FROM members WHERE person IN (SELECT value FROM json_each(:people));
UPDATE groups SET size = (SELECT count(*) FROM members AS m WHERE m.grp = groups.grp) WHERE shop = :shop;
DELETE FROM dirty WHERE person IN (SELECT value FROM json_each(:people));
DELETE FROM people WHERE shop = :shop AND (
    person IN (SELECT value FROM json_each(:people))
    OR identity IN (SELECT value FROM json_each(:identities))
);
DELETE FROM membership_history
WHERE shop = :shop AND identity IN (SELECT value FROM json_each(:identities));

DELETE FROM shop_tags WHERE shop = :shop AND customer_id IN (SELECT value FROM json_each(:ids));
DELETE FROM own_tags WHERE shop = :shop AND customer_id IN (SELECT value FROM json_each(:ids));
-- The last of a class stands there by name until classes are worked out anew, which the next run does.
UPDATE abc_cuts SET tie = '' WHERE shop = :shop AND (
    tie IN (SELECT value FROM json_each(:ids)) OR tie IN (SELECT value FROM json_each(:identities))
);
-- A read that was broken off there begins anew.
DELETE FROM reads WHERE shop = :shop AND (
    EXISTS (SELECT 1 FROM json_each(:ids) WHERE instr(checkpoint, value))
    OR EXISTS (SELECT 1 FROM json_each(:emails) WHERE instr(lower(checkpoint), value))
);
DELETE FROM changes WHERE shop = :shop AND (
    customer_id IN (SELECT value FROM json_each(:ids))
    OR json_extract(change, '$.code') IN (SELECT value FROM json_each(:codes))
    OR needs IN (SELECT value FROM json_each(:codes))
);

DELETE FROM coupons WHERE shop = :shop AND (
    code IN (SELECT value FROM json_each(:codes))
    OR customer_id IN (SELECT value FROM json_each(:ids))
    OR person_key IN (SELECT value FROM json_each(:marks))
);
UPDATE issued SET replaces = NULL WHERE shop = :shop AND replaces IN (SELECT value FROM json_each(:codes));
UPDATE issued SET
    code = 'FORGOTTEN' || hex(randomblob(8)), person_key = 'forgotten' || hex(randomblob(8)),
    customer_id = '', terms = NULL, replaces = NULL, earned_by = NULL,
    state = iif(state = 'refused', state, 'revoked')
WHERE shop = :shop AND code IN (SELECT value FROM json_each(:codes));
DELETE FROM handovers WHERE shop = :shop AND code IN (SELECT value FROM json_each(:codes));
DELETE FROM told_codes WHERE shop = :shop AND code IN (SELECT value FROM json_each(:codes));
DELETE FROM outlet_contacts
WHERE shop = :shop AND identity IN (SELECT value FROM json_each(:identities));
UPDATE assignments SET person_key = 'forgotten' || hex(randomblob(8))
WHERE shop = :shop AND person_key IN (SELECT value FROM json_each(:marks));

DELETE FROM deliveries WHERE message IN (
    SELECT message FROM outbox
    WHERE shop = :shop AND identity IN (SELECT value FROM json_each(:identities))
);
DELETE FROM outbox WHERE shop = :shop AND identity IN (SELECT value FROM json_each(:identities));
DELETE FROM hooks
WHERE shop = :shop AND kind IN ('customers', 'access', 'erase') AND record_id IN (SELECT value FROM json_each(:ids));
-- The names of deliveries hold ids; should one be repeated, the record is read once more.
DELETE FROM hooks_seen WHERE shop = :shop;
DELETE FROM sweep WHERE shop = :shop AND id IN (SELECT value FROM json_each(:ids));

-- Figures of groups and classes are worked out anew by the next run.
UPDATE shops SET rebuild = 1 WHERE shop = :shop;
