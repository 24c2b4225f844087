/** Codes and tokens are only kept as digests: the journal then holds nothing that opens anything. */
import { createHash } from 'node:crypto';

export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
