CREATE INDEX IF NOT EXISTS customers_updated ON customers (updated, id);
CREATE INDEX IF NOT EXISTS customers_created ON customers (created, id);
CREATE INDEX IF NOT EXISTS customers_email ON customers (email);
CREATE INDEX IF NOT EXISTS orders_updated ON orders (updated, id);
CREATE INDEX IF NOT EXISTS orders_created ON orders (created, id);
CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer, created);
CREATE INDEX IF NOT EXISTS orders_name ON orders (name);
