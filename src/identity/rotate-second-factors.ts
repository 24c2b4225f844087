import { TokenUnreadableError } from '../accounts/token-cipher.ts';
import type { AppContext } from '../context.ts';
import { boundTo } from './second-factor.ts';

type Context = Pick<AppContext, 'db' | 'tokenCipher' | 'log'>;

export interface SecondFactorRotation {
  reencrypted: number;
  alreadyCurrent: number;
  /** Ids of people whose secret no key in TOKEN_KEYS opens. */
  unreadable: string[];
}

/** Re-encrypts every second factor that is not under the current key, as rotate-token-keys.ts does it for accounts. Safe beside running servers. */
export async function rotateSecondFactors(ctx: Context): Promise<SecondFactorRotation> {
  const rotation: SecondFactorRotation = { reencrypted: 0, alreadyCurrent: 0, unreadable: [] };
  const rows = await ctx.db.secondFactor.findMany({ select: { userId: true, secret: true } });
  for (const { userId, secret } of rows) {
    const renewed = reencrypt(ctx, userId, secret);
    if (renewed === null) rotation.unreadable.push(userId);
    else if (renewed === secret) rotation.alreadyCurrent += 1;
    else {
      // One that was removed or set up anew meanwhile is written under the current key already.
      await ctx.db.secondFactor.updateMany({ where: { userId, secret }, data: { secret: renewed } });
      rotation.reencrypted += 1;
    }
  }
  return rotation;
}

function reencrypt({ tokenCipher, log }: Context, userId: string, secret: string): string | null {
  try {
    if (tokenCipher.keyIdOf(secret) === tokenCipher.currentKeyId) return secret;
    return tokenCipher.encrypt(tokenCipher.decrypt(secret, boundTo(userId)), boundTo(userId));
  } catch (error) {
    if (!(error instanceof TokenUnreadableError)) throw error;
    log.error({ userId, reason: error.reason }, 'a second factor cannot be read with the keys in TOKEN_KEYS');
    return null;
  }
}
