/**
 * npm run keys:rotate
 * Encrypts every stored token under the first key of TOKEN_KEYS. Safe while the server runs, and to be run again after an
 * interruption. Afterwards the older keys may be removed.
 */
import { rotateTokenKeys } from '../src/accounts/rotate-token-keys.ts';
import { runCommand } from './command.ts';

const BATCH = 100;

await runCommand(async ({ ctx }) => {
  const { reencrypted, alreadyCurrent, unreadable } = await rotateTokenKeys(ctx, { batchSize: BATCH });
  console.log(
    `Key "${ctx.tokenCipher.currentKeyId}": ${reencrypted} re-encrypted, ${alreadyCurrent} already under it, ${unreadable.length} unreadable.`,
  );
  for (const account of unreadable)
    console.log(
      `  Account ${account} cannot be decrypted with the keys in TOKEN_KEYS. Add the key it was written with, or reconnect it in the panel.`,
    );
  return unreadable.length === 0 ? 0 : 1;
});
