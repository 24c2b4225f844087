/**
 * A process that needs an account's access token: `node src/testing/refreshing-process.ts ACCOUNT`. It says `ready`; for
 * each line on standard input it asks that many times at once, and prints what it got, as JSON on one line.
 */
import { createInterface } from 'node:readline';
import { usableAccessToken } from '../accounts/access-token.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { openContext } from '../open-context.ts';

const [accountId = ''] = process.argv.slice(2);
await using closing = new AsyncDisposableStack();
const { ctx } = await openContext(readConfig(), createLog('silent'), closing, () => undefined);
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const asked = Array.from({ length: Number(line) }, async () => {
    try {
      return (await usableAccessToken(ctx, accountId)).accessToken;
    } catch (error) {
      return String(error);
    }
  });
  process.stdout.write(`${JSON.stringify(await Promise.all(asked))}\n`);
}
