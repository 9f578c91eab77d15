// The real Vendure on loopback, its database in memory, for `make test-shops`.
//
// Two servers: the shop itself, and beside it a small one by which a test puts records into the database with
// exactly the ids and times that it wants. When both listen, one line of JSON goes to stdout.
'use strict';

const core = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const { controls } = require('./controls');

const config = {
  logger: new core.DefaultLogger({ level: core.LogLevel.Error }),
  defaultLanguageCode: core.LanguageCode.fr,
  apiOptions: {
    hostname: '127.0.0.1',
    port: Number(process.env.PORT),
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
  },
  authOptions: {
    tokenMethod: ['bearer', 'api-key'],
    requireVerification: false,
    superadminCredentials: { identifier: 'superadmin', password: process.env.PASSWORD },
  },
  dbConnectionOptions: { type: 'sqljs', synchronize: true, logging: false },
  paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
  customFields: { Customer: [{ name: 'stammkundeCode', type: 'string', nullable: true, public: true }] },
};

const initialData = {
  defaultLanguage: core.LanguageCode.fr,
  defaultZone: 'Europe',
  countries: [
    { name: 'Deutschland', code: 'DE', zone: 'Europe' },
    { name: 'Österreich', code: 'AT', zone: 'Europe' },
  ],
  taxRates: [{ name: 'Regelsatz', percentage: 19 }],
  shippingMethods: [{ name: 'DHL', price: 500 }],
  paymentMethods: [
    {
      name: 'dummy',
      handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] },
    },
  ],
  collections: [],
};

async function main() {
  const app = await populate(() => core.bootstrap(config), initialData);
  await app.get(core.JobQueueService).start();
  const control = await controls(app);
  process.stdout.write(JSON.stringify({ control }) + '\n');
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
