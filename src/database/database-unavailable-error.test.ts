import { expect, test } from 'vitest';
import { explainConnectionError } from './database-unavailable-error.ts';

test.each([
  ['ENOTFOUND', 'unreachable', /host "db\.example".*spelling/],
  ['ETIMEDOUT', 'timed-out', /db\.example:5432.*firewall/],
  ['EHOSTUNREACH', 'unreachable', /no route to db\.example:5432/],
  ['53300', 'too-many-connections', /max_connections/],
  ['57P03', 'not-ready', /few seconds/],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls-failed', /sslmode/],
])('%s is explained', (code, problem, sentence) => {
  const address = { host: 'db.example', port: 5432, database: 'app', user: 'app' };
  const error = explainConnectionError(address, Object.assign(new Error('no luck'), { code }));
  expect(error).toMatchObject({ code: problem, message: expect.stringMatching(sentence) });
});
