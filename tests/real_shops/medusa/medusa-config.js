// The real Medusa on loopback, for `make test-shops-medusa`. Its database is a PostgreSQL of the test's own.
'use strict';

const { defineConfig } = require('@medusajs/framework/utils');

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: {
      storeCors: 'http://127.0.0.1',
      adminCors: 'http://127.0.0.1',
      authCors: 'http://127.0.0.1',
      jwtSecret: process.env.SECRET,
      cookieSecret: process.env.SECRET,
    },
  },
});
