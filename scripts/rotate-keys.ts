/**
 * npm run keys:rotate
 * Encrypts every stored token and second factor under the first key of TOKEN_KEYS. Safe while the server runs, and to be run again after an
 * interruption. Afterwards the older keys may be removed.
 */
import { rotateTokenKeys } from '../src/accounts/rotate-token-keys.ts';
import { rotateSecondFactors } from '../src/identity/rotate-second-factors.ts';
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
  const factors = await rotateSecondFactors(ctx);
  console.log(
    `Second factors: ${factors.reencrypted} re-encrypted, ${factors.alreadyCurrent} already under it, ${factors.unreadable.length} unreadable.`,
  );
  for (const person of factors.unreadable)
    console.log(
      `  That of person ${person} cannot be decrypted. Add the key it was written with, or switch it off on the person's page.`,
    );
  return unreadable.length + factors.unreadable.length === 0 ? 0 : 1;
});
