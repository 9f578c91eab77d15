"""Which accounts and guests are one person.

Accounts with one e-mail address are one person, and the oldest of them stands for it. A guest joins the
account with the same address, else the other guests with it. An order of a guest or of a gone customer is
treated as having no customer id. With no address an order counts in shop totals only. Somebody known from
orders alone is nobody any more once the shop has none of them.
"""

import hashlib
import sqlite3

from connector.database import Database
from connector.mirror import Terms

# A customer's cluster is its address, else itself; an order's is its account's, else its address's.
_CUSTOMER_CLUSTER = (
    "CASE WHEN {c}.gone_at IS NOT NULL THEN NULL WHEN {c}.email_key IS NOT NULL THEN 'e:' || {c}.email_key"
    " WHEN NOT {c}.guest THEN 'c:' || {c}.id END"
)

# The oldest account leads; where there is none, the oldest record the shop keeps of the guest carries tags.
_LEADERS = """
    CREATE TEMP TABLE leaders AS
    SELECT cluster, customer, id, guest, excluded FROM (
        SELECT w.cluster, c.customer, c.id, c.guest,
            min(c.excluded) OVER (PARTITION BY w.cluster) AS excluded,
            row_number() OVER (
                PARTITION BY w.cluster
                ORDER BY c.guest, coalesce(c.created_at, 9e18), length(c.id), c.id
            ) AS place
        FROM temp.member_customers AS w JOIN customers AS c USING (customer)
    ) WHERE place = 1
"""

# In the order of their records, so that whoever goes through people goes through records in order, too. A
# record is judged by its address already; what has none is not.
_DESIRED = """
    CREATE TEMP TABLE desired AS
    SELECT CASE WHEN l.id IS NOT NULL AND NOT l.guest THEN 'c:' || l.id
            ELSE 'g:' || substr(w.cluster, 3) END AS identity,
        w.cluster,
        CASE WHEN substr(w.cluster, 1, 2) = 'e:' THEN substr(w.cluster, 3) END AS email_key,
        l.customer,
        iif(l.id IS NULL, domain_excluded(substr(w.cluster, 3)), l.excluded) AS excluded
    FROM temp.clusters AS w LEFT JOIN temp.leaders AS l USING (cluster)
    WHERE l.id IS NOT NULL OR EXISTS (SELECT 1 FROM temp.member_orders AS m JOIN orders AS o USING (order_key)
        WHERE m.cluster = w.cluster AND o.gone_at IS NULL)
    ORDER BY l.customer
"""

# A row that is as it was is not written.
_PEOPLE = """
    INSERT INTO people (shop, identity, cluster, email_key, customer, excluded)
    SELECT :shop, identity, cluster, email_key, customer, excluded FROM temp.desired WHERE true
    ON CONFLICT (shop, identity) DO UPDATE SET cluster = excluded.cluster, email_key = excluded.email_key,
        customer = excluded.customer, excluded = excluded.excluded
    WHERE (cluster, email_key, customer, people.excluded)
        IS NOT (excluded.cluster, excluded.email_key, excluded.customer, excluded.excluded)
"""


def refresh(db: Database, shop: int, terms: Terms) -> None:
    """Bring `people`, and the person of every customer and order, in line with the mirror.

    Looks only at what was touched, unless the shop is to be rebuilt. Everybody who may have changed is dirty
    afterwards, and so is whoever changed in a joined shop (see `tell_joined`).
    """
    connection = db.connection
    connection.create_function("domain_excluded", 1, terms.why_domain_excluded, deterministic=True)
    rebuild = bool(db.value("SELECT rebuild FROM shops WHERE shop = ?", (shop,)))
    if not rebuild and not db.value(
        "SELECT count(*) FROM touched WHERE shop = ? AND kind NOT IN ('products', 'to-tell')", (shop,)
    ):
        return
    with db.write():
        _drop_work(connection)
        _gather(connection, shop, rebuild=rebuild)
        connection.execute(_LEADERS)
        connection.execute("CREATE UNIQUE INDEX temp.leaders_key ON leaders(cluster)")
        connection.execute(_DESIRED)
        _retire(connection, shop, rebuild=rebuild)
        connection.execute(_PEOPLE, {"shop": shop})
        _assign(connection, shop)
        if rebuild:
            _assign_accounts(connection, shop)
        _settle(connection, shop)
        _drop_work(connection)


def mark_of(identity: str) -> str:
    """A person as it stands in a coupon's mark: the account's id, or a hash where there is but an address."""
    if identity.startswith("c:"):
        return "c" + identity[2:]
    return "g" + hashlib.sha256(identity.encode()).hexdigest()[:20]


def _drop_work(connection: sqlite3.Connection) -> None:
    for table in ("clusters", "member_customers", "member_orders", "leaders", "desired"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _gather(connection: sqlite3.Connection, shop: int, *, rebuild: bool) -> None:
    """The clusters to look at, with every customer and order that belongs to one."""
    connection.execute("CREATE TEMP TABLE clusters (cluster TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute("CREATE TEMP TABLE member_customers (customer INTEGER PRIMARY KEY, cluster TEXT)")
    connection.execute("CREATE TEMP TABLE member_orders (order_key INTEGER PRIMARY KEY, cluster TEXT)")
    if rebuild:
        _gather_all(connection, shop)
    else:
        _gather_touched(connection, shop)
    connection.execute("CREATE INDEX temp.member_orders_cluster ON member_orders(cluster)")


def _order_cluster(where: str) -> str:
    """Orders with their cluster: the account's; else the order's own address, else the guest record's."""
    return f"""
        SELECT o.order_key, coalesce(
            CASE WHEN NOT c.guest THEN {_CUSTOMER_CLUSTER.format(c="c")} END,
            CASE WHEN o.email_key IS NOT NULL THEN 'e:' || o.email_key END,
            CASE WHEN c.guest THEN {_CUSTOMER_CLUSTER.format(c="c")} END
        ) AS cluster
        FROM orders AS o LEFT JOIN customers AS c ON c.shop = o.shop AND c.id = o.customer_id
        WHERE o.shop = :shop AND ({where})
    """


# Of orders: ids that belong to no account, in one walk through the index by customer.
_NO_ACCOUNTS = """
    SELECT customer_id FROM (SELECT DISTINCT customer_id FROM orders WHERE shop = :shop) AS n
    WHERE customer_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM customers AS a
        WHERE a.shop = :shop AND a.id = n.customer_id AND NOT a.guest AND a.gone_at IS NULL
    )
"""


def _gather_all(connection: sqlite3.Connection, shop: int) -> None:
    values = {"shop": shop}
    connection.execute(
        f"INSERT INTO temp.member_customers SELECT customer, {_CUSTOMER_CLUSTER.format(c='customers')}"
        " FROM customers WHERE shop = :shop",
        values,
    )
    # Most orders belong to an account and follow it in `_assign_accounts`, without a look at clusters.
    for without_account in ("o.customer_id IS NULL", f"o.customer_id IN ({_NO_ACCOUNTS})"):
        connection.execute(f"INSERT INTO temp.member_orders {_order_cluster(without_account)}", values)
    for table in ("member_customers", "member_orders"):
        connection.execute(
            f"INSERT OR IGNORE INTO temp.clusters SELECT cluster FROM temp.{table} WHERE cluster IS NOT NULL"
        )
    # And where somebody was before: joined shops are to hear that nothing leads there any more.
    connection.execute(
        "INSERT OR IGNORE INTO temp.clusters SELECT cluster FROM people WHERE shop = :shop AND cluster <> ''"
        " AND EXISTS (SELECT 1 FROM joined_shops WHERE other = :shop)",
        values,
    )


def _gather_touched(connection: sqlite3.Connection, shop: int) -> None:
    """Follow the touched rows to their clusters, before and after, then the clusters to all their rows."""
    values = {"shop": shop}
    touched = "SELECT value FROM touched WHERE shop = :shop AND kind = '{}'"
    add = "INSERT OR IGNORE INTO temp.clusters "
    connection.execute(add + touched.format("email").replace("value", "'e:' || value", 1), values)
    connection.execute(
        f"{add} SELECT cluster FROM people WHERE person IN ({touched.format('person')})", values
    )
    connection.execute(
        f"{add} SELECT coalesce({_CUSTOMER_CLUSTER.format(c='c')}, 'c:' || c.id) FROM customers AS c"
        f" WHERE customer IN ({touched.format('customers')})",
        values,
    )
    # The orders of a touched customer may leave somebody, and join somebody else.
    theirs = f"o.customer_id IN (SELECT id FROM customers WHERE customer IN ({touched.format('customers')}))"
    connection.execute(
        f"{add} SELECT p.cluster FROM orders AS o JOIN people AS p USING (person)"
        f" WHERE o.shop = :shop AND {theirs}",
        values,
    )
    for where in (theirs, f"o.order_key IN ({touched.format('orders')})"):
        connection.execute(
            f"{add} SELECT cluster FROM ({_order_cluster(where)}) WHERE cluster IS NOT NULL", values
        )
    _gather_members(connection, values, touched.format("customers"), touched.format("orders"))


def _gather_members(
    connection: sqlite3.Connection, values: dict[str, int], touched_customers: str, touched_orders: str
) -> None:
    connection.execute(
        f"INSERT OR IGNORE INTO temp.member_customers SELECT customer, {_CUSTOMER_CLUSTER.format(c='c')}"
        " FROM customers AS c WHERE c.shop = :shop AND ("
        " c.email_key IN (SELECT substr(cluster, 3) FROM temp.clusters WHERE cluster LIKE 'e:%')"
        " OR c.id IN (SELECT substr(cluster, 3) FROM temp.clusters WHERE cluster LIKE 'c:%')"
        f" OR c.customer IN ({touched_customers}))",
        values,
    )
    ids = "SELECT c2.id FROM temp.member_customers AS m JOIN customers AS c2 USING (customer)"
    of_members = f"o.customer_id IN ({ids})"
    by_address = "o.email_key IN (SELECT substr(cluster, 3) FROM temp.clusters WHERE cluster LIKE 'e:%')"
    for where in (of_members, by_address, f"o.order_key IN ({touched_orders})"):
        connection.execute(f"INSERT OR IGNORE INTO temp.member_orders {_order_cluster(where)}", values)
    # An order reached by its address may belong to an account elsewhere, which then is as it was.
    connection.execute(
        "DELETE FROM temp.member_orders WHERE cluster IS NOT NULL"
        " AND cluster NOT IN (SELECT cluster FROM temp.clusters)"
    )


def _assign(connection: sqlite3.Connection, shop: int) -> None:
    for table, members, key in (
        ("customers", "member_customers", "customer"),
        ("orders", "member_orders", "order_key"),
    ):
        connection.execute(
            f"UPDATE {table} SET person = n.person FROM ("
            f" SELECT m.{key} AS key, p.person FROM temp.{members} AS m"
            " LEFT JOIN people AS p ON p.shop = ? AND p.cluster = m.cluster"
            f") AS n WHERE {table}.{key} = n.key AND {table}.person IS NOT n.person",
            (shop,),
        )


def _assign_accounts(connection: sqlite3.Connection, shop: int) -> None:
    """Orders with the person of their account; the index tells those that go with another one."""
    connection.execute(
        "UPDATE orders SET person = n.person FROM ("
        " SELECT o.customer_id, c.person FROM ("
        "  SELECT DISTINCT customer_id, person FROM orders WHERE shop = :shop"
        " ) AS o JOIN customers AS c ON c.shop = :shop AND c.id = o.customer_id"
        " WHERE NOT c.guest AND c.gone_at IS NULL AND c.person IS NOT o.person"
        ") AS n WHERE orders.shop = :shop AND orders.customer_id = n.customer_id"
        " AND orders.person IS NOT n.person",
        {"shop": shop},
    )


def _retire(connection: sqlite3.Connection, shop: int, *, rebuild: bool) -> None:
    """Take those who are nobody any more out of their cluster.

    Such rows stay until the groups have seen them leave (`sweep_out`).
    """
    looked_at = "shop = ?1" if rebuild else "shop = ?1 AND cluster IN (SELECT cluster FROM temp.clusters)"
    for people in (
        f"SELECT person FROM people WHERE {looked_at}",
        "SELECT value AS person FROM touched WHERE shop = ?1 AND kind = 'person'",
    ):
        _note(connection, shop, people)
    connection.execute(
        f"UPDATE people SET cluster = '' WHERE {looked_at} AND cluster <> ''"
        " AND identity NOT IN (SELECT identity FROM temp.desired)",
        (shop,),
    )


def _settle(connection: sqlite3.Connection, shop: int) -> None:
    """Note who is dirty now, and forget what was touched."""
    _note(
        connection,
        shop,
        "SELECT p.person FROM temp.clusters AS w JOIN people AS p ON p.shop = ?1 AND p.cluster = w.cluster",
    )
    _note(
        connection,
        shop,
        "SELECT p.person FROM touched AS t JOIN people AS p ON p.shop = ?1 AND p.cluster = 'e:' || t.value"
        " WHERE t.shop = ?1 AND t.kind = 'elsewhere'",
    )
    connection.execute("DELETE FROM touched WHERE shop = ? AND kind NOT IN ('products', 'to-tell')", (shop,))
    # By the address that somebody had before: now nothing leads there any more.
    connection.execute(
        "INSERT OR IGNORE INTO touched SELECT ?1, 'to-tell', substr(cluster, 3) FROM temp.clusters"
        " WHERE cluster LIKE 'e:%' AND EXISTS (SELECT 1 FROM joined_shops WHERE other = ?1)",
        (shop,),
    )


def tell_joined(connection: sqlite3.Connection, shop: int) -> None:
    """Let the joined shops look again at everybody whose figures have just changed in this one.

    They are told only when the figures are there, so a look in between misses nothing.
    """
    connection.execute(
        "INSERT OR IGNORE INTO touched SELECT j.shop, 'elsewhere', n.email FROM ("
        " SELECT value AS email FROM touched WHERE shop = ?1 AND kind = 'to-tell'"
        " UNION SELECT p.email_key FROM dirty AS d JOIN people AS p USING (person) WHERE d.shop = ?1"
        ") AS n JOIN joined_shops AS j ON j.other = ?1"
        " WHERE EXISTS (SELECT 1 FROM people AS q WHERE q.shop = j.shop AND q.cluster = 'e:' || n.email)",
        (shop,),
    )
    connection.execute("DELETE FROM touched WHERE shop = ? AND kind = 'to-tell'", (shop,))


def sweep_out(connection: sqlite3.Connection, shop: int) -> None:
    """Delete people nobody belongs to any more."""
    connection.execute("DELETE FROM people WHERE shop = ? AND cluster = ''", (shop,))


def _note(connection: sqlite3.Connection, shop: int, people: str) -> None:
    connection.execute(
        f"INSERT OR IGNORE INTO dirty (person, shop) SELECT person, ?1 FROM ({people})"
        " WHERE person IS NOT NULL",
        (shop,),
    )
