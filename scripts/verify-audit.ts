/**
 * npm run audit:verify [-- --head POSITION:HASH]
 * Walks the audit's hash chain from its first event and names the first one that was changed, added or removed. With a
 * head that was kept elsewhere (the log has one for every day) it also notices that the newest events were cut off, or
 * that the whole chain was made anew.
 */
import { parseArgs } from 'node:util';
import { sealAuditChain } from '../src/audit/seal-chain.ts';
import { type KnownHead, verifyAuditChain } from '../src/audit/verify-chain.ts';
import { runCommand } from './command.ts';

const { values } = parseArgs({ options: { head: { type: 'string' } }, strict: false });
const known = typeof values.head === 'string' ? headFrom(values.head) : null;

if (known === 'unreadable') {
  console.error('Give the head as the log has it, position and hash: npm run audit:verify -- --head 1234:9f86d0…');
  process.exitCode = 1;
} else {
  await runCommand(async ({ ctx }) => {
    while ((await sealAuditChain(ctx.db)) > 0);
    const verdict = await verifyAuditChain(ctx.db, known);
    if (verdict.intact) {
      console.log(
        `The audit is intact: ${verdict.events} events, ${verdict.unsealed} not sealed yet.\nHead of the chain: ${verdict.events}:${verdict.head}`,
      );
      return 0;
    }
    console.log(
      `The audit is broken at position ${verdict.position}${verdict.eventId === null ? '' : ` (event ${verdict.eventId})`}: ${verdict.problem}.`,
    );
    return 1;
  });
}

function headFrom(text: string): KnownHead | 'unreadable' {
  const [, position, hash] = /^(\d{1,9}):([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  if (position === undefined || hash === undefined) return 'unreadable';
  return { position: Number(position), hash: hash.toLowerCase() };
}
