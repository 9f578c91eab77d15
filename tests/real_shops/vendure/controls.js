// `POST /<action>` with a JSON body: what a test needs that no API of a shop offers. Records come in the words
// of connector.model and are written into the database as Vendure itself would have written them.
'use strict';

const http = require('node:http');
const core = require('@vendure/core');

const PASSWORD = 'geheim123';
const CHANNEL = 1;
// One for which no test gives a title, so that the title without a language is seen.
const LANGUAGE = 'fr';
const GUESTS_FROM = 900000;
const EMPTIED = [
  'history_entry', 'refund_line', 'order_line_reference', 'refund', 'payment', 'fulfillment',
  'order_fulfillments_fulfillment', 'order_promotions_promotion', 'order_channels_channel', 'surcharge',
  'order_modification', 'stock_movement', 'order_line', 'shipping_line', 'order',
  'promotion_channels_channel', 'promotion_translation', 'promotion',
  'customer_groups_customer_group', 'customer_group', 'customer_channels_channel', 'address', 'customer',
  'product_facet_values_facet_value', 'product_channels_channel', 'product_variant_channels_channel',
  'product_variant_price', 'product_variant_translation', 'product_variant', 'product_translation', 'product',
  'facet_value_channels_channel', 'facet_value_translation', 'facet_value', 'facet_channels_channel',
  'facet_translation', 'facet', 'stock_level', 'collection_product_variants_product_variant',
];

class Controls {
  constructor(app) {
    this.app = app;
    this.db = app.get(core.TransactionalConnection).rawConnection;
  }

  async prepare() {
    const { authOptions, systemOptions } = this.app.get(core.ConfigService);
    this.hash = await authOptions.passwordHashingStrategy.hash(PASSWORD);
    this.cache = systemOptions.cacheStrategy;
    this.tables = new Set(
      (await this.sql("SELECT name FROM sqlite_master WHERE type = 'table'")).map((row) => row.name),
    );
  }

  sql(text, values) {
    return this.db.query(text, values);
  }

  table(entity) {
    return this.db.getRepository(entity);
  }

  link(entity, relation, id, others) {
    return this.db.createQueryBuilder().relation(entity, relation).of(id).add(others);
  }

  // An empty shop; Vendure's caches would otherwise remember what is gone.
  async reset() {
    await this.sql('PRAGMA foreign_keys = OFF');
    const buyers = 'SELECT userId FROM customer WHERE userId IS NOT NULL';
    await this.sql(`DELETE FROM authentication_method WHERE userId IN (${buyers})`);
    await this.sql(`DELETE FROM user_roles_role WHERE userId IN (${buyers})`);
    await this.sql(`DELETE FROM user WHERE id IN (${buyers})`);
    for (const name of EMPTIED.filter((each) => this.tables.has(each))) await this.sql(`DELETE FROM "${name}"`);
    await this.sql('PRAGMA foreign_keys = ON');
    this.cache.cache.clear();
  }

  async 'delete'({ kind, id }) {
    const soft = { customers: core.Customer, products: core.Product }[kind];
    if (soft) await this.table(soft).update({ id }, { deletedAt: new Date() });
    else await this.removeOrder(id);
  }

  async put({ kind, record }) {
    await this[kind](record);
    this.cache.cache.clear();
  }

  // -- customers ----------------------------------------------------------------------------------------

  async customers(record) {
    const times = { createdAt: time(record.created_at), updatedAt: time(record.updated_at) };
    const fields = {
      ...times,
      deletedAt: null,
      emailAddress: record.email || '',
      firstName: record.first_name || '',
      lastName: record.last_name || '',
      user: record.guest ? null : { id: await this.userOf(record) },
    };
    const known = await this.table(core.Customer).findOneBy({ id: record.id });
    if (known) await this.table(core.Customer).update({ id: record.id }, fields);
    else {
      await this.table(core.Customer).insert({ id: record.id, ...fields });
      await this.link(core.Customer, 'channels', record.id, CHANNEL);
    }
    await this.addressOf(record);
    await this['set-tags']({ id: record.id, tags: record.tags || [] });
  }

  async userOf(record) {
    const identifier = record.email || `customer-${record.id}`;
    const known = await this.table(core.User).findOneBy({ identifier });
    if (known) return known.id;
    const made = await this.table(core.User).insert({ identifier, verified: true });
    const user = { id: made.identifiers[0].id };
    await this.table(core.NativeAuthenticationMethod).insert({ user, identifier, passwordHash: this.hash });
    const [role] = await this.sql("SELECT id FROM role WHERE code = '__customer_role__'");
    await this.link(core.User, 'roles', user.id, role.id);
    return user.id;
  }

  async addressOf(record) {
    await this.sql('DELETE FROM address WHERE customerId = ?', [record.id]);
    if (!record.country) return;
    const [country] = await this.sql('SELECT id FROM region WHERE code = ?', [record.country]);
    if (!country) throw new Error(`This Vendure ships to no country ${record.country}.`);
    await this.table(core.Address).insert({
      customer: { id: record.id }, country: { id: country.id }, streetLine1: 'Hauptstr. 1',
      defaultShippingAddress: true, defaultBillingAddress: true,
    });
  }

  async 'set-tags'({ id, tags }) {
    await this.sql('DELETE FROM customer_groups_customer_group WHERE customerId = ?', [id]);
    for (const name of tags) {
      let group = await this.table(core.CustomerGroup).findOneBy({ name });
      if (!group) group = await this.table(core.CustomerGroup).save(new core.CustomerGroup({ name }));
      await this.link(core.Customer, 'groups', id, group.id);
    }
    this.cache.cache.clear();
  }

  // -- products -----------------------------------------------------------------------------------------

  async products(record, price = 10000) {
    const updatedAt = time(record.updated_at);
    await this.sql('DELETE FROM product_facet_values_facet_value WHERE productId = ?', [record.id]);
    await this.sql('DELETE FROM collection_product_variants_product_variant WHERE productVariantId = ?', [record.id]);
    const known = await this.table(core.Product).findOneBy({ id: record.id });
    if (!known) await this.newProduct(record, price);
    for (const name of record.tags || []) {
      await this.link(core.Product, 'facetValues', record.id, await this.facetValue(name));
    }
    for (const name of record.categories || []) {
      await this.link(core.Collection, 'productVariants', await this.collection(name), record.id);
    }
    await this.sql('UPDATE product SET updatedAt = ?, deletedAt = NULL WHERE id = ?', [sqlTime(updatedAt), record.id]);
  }

  async newProduct(record, price) {
    const languageCode = LANGUAGE;
    const base = { id: record.id };
    await this.table(core.Product).insert({ ...base, enabled: true });
    await this.link(core.Product, 'channels', record.id, CHANNEL);
    await this.table(core.ProductTranslation).insert({
      base, languageCode, name: record.title, slug: `p-${record.id}`, description: '',
    });
    const sku = (record.skus || [])[0] || '';
    await this.table(core.ProductVariant).insert({
      ...base, enabled: true, sku, product: base, taxCategory: { id: 1 }, trackInventory: 'FALSE',
    });
    await this.link(core.ProductVariant, 'channels', record.id, CHANNEL);
    await this.table(core.ProductVariantTranslation).insert({ base, languageCode, name: record.title });
    await this.table(core.ProductVariantPrice).insert({
      variant: base, channelId: CHANNEL, price, currencyCode: 'EUR',
    });
  }

  async price({ id, price }) {
    await this.sql('UPDATE product_variant_price SET price = ? WHERE variantId = ?', [price, id]);
  }

  async collection(name) {
    const [known] = await this.sql('SELECT baseId FROM collection_translation WHERE name = ?', [name]);
    if (known) return known.baseId;
    const channel = await this.table(core.Channel).findOneBy({ id: CHANNEL });
    const context = new core.RequestContext({
      apiType: 'admin', channel, isAuthorized: true, authorizedAsOwnerOnly: false, languageCode: LANGUAGE,
    });
    const made = await this.app.get(core.CollectionService).create(context, {
      filters: [], translations: [{ languageCode: LANGUAGE, name, slug: name, description: '' }],
    });
    return made.id;
  }

  async facetValue(name) {
    const languageCode = LANGUAGE;
    const [known] = await this.sql('SELECT baseId FROM facet_value_translation WHERE name = ?', [name]);
    if (known) return known.baseId;
    let facet = await this.table(core.Facet).findOneBy({ code: 'art' });
    if (!facet) {
      facet = await this.table(core.Facet).save(new core.Facet({ code: 'art', isPrivate: false }));
      await this.table(core.FacetTranslation).insert({ base: { id: facet.id }, languageCode, name: 'Art' });
      await this.link(core.Facet, 'channels', facet.id, CHANNEL);
    }
    const value = await this.table(core.FacetValue).save(new core.FacetValue({ code: name, facet }));
    await this.table(core.FacetValueTranslation).insert({ base: { id: value.id }, languageCode, name });
    await this.link(core.FacetValue, 'channels', value.id, CHANNEL);
    return value.id;
  }

  // -- orders -------------------------------------------------------------------------------------------

  async removeOrder(id) {
    await this.sql('PRAGMA foreign_keys = OFF');
    await this.sql('DELETE FROM "order" WHERE id = ?', [id]);
    await this.sql('DELETE FROM order_channels_channel WHERE orderId = ?', [id]);
    for (const name of ['order_line', 'shipping_line', 'payment', 'history_entry']) {
      await this.sql(`DELETE FROM ${name} WHERE orderId = ?`, [id]);
    }
    await this.sql('DELETE FROM order_fulfillments_fulfillment WHERE orderId = ?', [id]);
    await this.sql('PRAGMA foreign_keys = ON');
  }

  async orders(record) {
    await this.removeOrder(record.id);
    const customerId = record.customer_id || (await this.guestOf(record));
    const rate = record.tax ? 19 : 0;
    const gross = (net) => Math.round(net * (1 + rate / 100));
    const lines = record.lines.map((line) => this.lineOf(record, line, rate));
    const total = (one) => lines.reduce((sum, line) => sum + line[one] * line.quantity, 0);
    await this.table(core.Order).insert({
      id: record.id,
      code: record.number.replace('#', ''),
      createdAt: time(record.placed_at),
      updatedAt: time(record.updated_at),
      orderPlacedAt: time(record.placed_at),
      active: false,
      state: stateOf(record),
      currencyCode: record.currency,
      couponCodes: record.codes || [],
      customer: { id: customerId },
      shippingAddress: record.country ? { countryCode: record.country } : {},
      billingAddress: {},
      subTotal: Math.round(total('net')),
      subTotalWithTax: Math.round(total('gross')),
      shipping: record.shipping || 0,
      shippingWithTax: gross(record.shipping || 0),
      taxZoneId: 1,
    });
    await this.link(core.Order, 'channels', record.id, CHANNEL);
    for (const { net, gross: _, ...line } of lines) await this.table(core.OrderLine).insert(line);
    await this.shippingOf(record, gross, rate);
    await this.paymentOf(record);
    await this.fulfillmentOf(record);
    await this.cancellationOf(record);
  }

  async guestOf(record) {
    const id = GUESTS_FROM + Number(record.id);
    await this.customers({
      id, email: record.email, guest: true, created_at: record.placed_at, updated_at: record.placed_at,
    });
    return id;
  }

  lineOf(record, line, rate) {
    const full = (line.total * record.goods) / (record.goods - (record.discounts || 0));
    const listPrice = Math.round(full / line.quantity);
    const off = line.total - listPrice * line.quantity;
    const adjustments = off
      ? [{ type: 'DISTRIBUTED_ORDER_PROMOTION', adjustmentSource: 'PROMOTION:0', amount: off, description: '' }]
      : [];
    const unit = listPrice + off / line.quantity;
    return {
      order: { id: record.id },
      productVariant: { id: line.product_id },
      taxCategory: { id: 1 },
      quantity: record.cancelled_at ? 0 : line.remaining,
      orderPlacedQuantity: line.quantity,
      listPrice,
      initialListPrice: listPrice,
      listPriceIncludesTax: true,
      adjustments,
      taxLines: rate ? [{ description: 'Regelsatz', taxRate: rate }] : [],
      gross: unit,
      net: unit / (1 + rate / 100),
    };
  }

  async shippingOf(record, gross, rate) {
    await this.table(core.ShippingLine).insert({
      order: { id: record.id }, shippingMethod: { id: 1 }, listPrice: gross(record.shipping || 0),
      listPriceIncludesTax: true, adjustments: [],
      taxLines: rate ? [{ description: 'Regelsatz', taxRate: rate }] : [],
    });
  }

  async paymentOf(record) {
    const state = { none: 'Authorized', partly: 'Settled', paid: 'Settled' }[record.payment];
    const amount = record.payment === 'partly' ? Math.round(record.total / 2) : record.total;
    const payment = await this.table(core.Payment).save(new core.Payment({
      order: { id: record.id }, method: record.payment_method || 'dummy', state, amount, metadata: {},
    }));
    for (const refund of record.refunds || []) {
      const made = await this.table(core.Refund).insert({
        id: refund.id, createdAt: time(refund.refunded_at), updatedAt: time(refund.refunded_at),
        payment: { id: payment.id }, state: 'Settled', total: refund.amount, items: 0, adjustment: 0,
        shipping: refund.shipping || 0, reason: '', metadata: {}, method: 'dummy',
      });
      await this.refundLines(record, made.identifiers[0].id);
    }
  }

  async refundLines(record, refundId) {
    const lines = await this.sql('SELECT * FROM order_line WHERE orderId = ?', [record.id]);
    for (const line of lines) {
      const quantity = line.orderPlacedQuantity - line.quantity;
      if (quantity) await this.table(core.RefundLine).insert({
        refund: { id: refundId }, orderLine: { id: line.id }, quantity,
      });
    }
  }

  async fulfillmentOf(record) {
    if (record.shipment === 'none') return;
    const shipped = time(record.shipped_at || record.placed_at);
    const made = await this.table(core.Fulfillment).insert({
      createdAt: shipped, updatedAt: shipped, state: 'Shipped', method: 'DHL', trackingCode: '',
      handlerCode: 'manual-fulfillment',
    });
    await this.link(core.Order, 'fulfillments', record.id, made.identifiers[0].id);
  }

  async cancellationOf(record) {
    if (!record.cancelled_at) return;
    const at = sqlTime(time(record.cancelled_at));
    const data = JSON.stringify({ from: 'PaymentAuthorized', to: 'Cancelled' });
    await this.sql(
      'INSERT INTO history_entry (createdAt, updatedAt, type, isPublic, data, orderId, discriminator) ' +
        "VALUES (?, ?, 'ORDER_STATE_TRANSITION', 1, ?, ?, 'order-history-entry')",
      [at, at, data, record.id],
    );
  }
}

function stateOf(record) {
  if (record.cancelled_at) return 'Cancelled';
  if (record.shipment !== 'none') return record.shipment === 'partly' ? 'PartiallyShipped' : 'Shipped';
  return record.payment === 'paid' ? 'PaymentSettled' : 'PaymentAuthorized';
}

function time(text) {
  return text ? new Date(text) : new Date();
}

function sqlTime(moment) {
  return moment.toISOString().replace('T', ' ').replace('Z', '');
}

exports.controls = async function controls(app) {
  const acting = new Controls(app);
  await acting.prepare();
  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => { text += piece; });
    request.on('end', async () => {
      try {
        const result = await acting[request.url.slice(1)](JSON.parse(text || '{}'));
        response.end(JSON.stringify(result ?? null));
      } catch (error) {
        response.statusCode = 500;
        response.end(String(error.stack));
      }
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server.address().port;
};
