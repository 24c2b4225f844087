/**
 * npm run audit:verify [-- --head POSITION:HASH]
 * Walks the audit's hash chain from its first event and names all that were changed, added or removed. With a
 * head that was kept elsewhere (the log has one for every day) it also notices that the newest events were cut off, or
 * that the whole chain was made anew.
 */
import { parseArgs } from 'node:util';
import { describeBreak } from '../src/audit/chain-break.ts';
import { sealAuditChain } from '../src/audit/seal-chain.ts';
import { verdictText } from '../src/audit/verdict-text.ts';
import { type KnownHead, verifyAuditChain } from '../src/audit/verify-chain.ts';
import type { AppContext } from '../src/context.ts';
import { runCommand } from './command.ts';

const { values } = parseArgs({ options: { head: { type: 'string' } }, strict: false });
const known = typeof values.head === 'string' ? headFrom(values.head) : null;

if (known === 'unreadable') {
  console.error('Give the head as the log has it, position and hash: npm run audit:verify -- --head 1234:9f86d0…');
  process.exitCode = 1;
} else {
  await runCommand(async ({ ctx }) => {
    await sealWhatWaits(ctx);
    const verdict = await verifyAuditChain(ctx.db, known);
    console.log(verdictText(verdict, ctx.clock.now()));
    if (verdict.intact) {
      console.log(`Head of the chain: ${verdict.events}:${verdict.head}`);
      return 0;
    }
    for (const found of verdict.breaks) console.log(`- ${describeBreak(found)}`);
    if (verdict.broken > verdict.breaks.length) console.log(`- and ${verdict.broken - verdict.breaks.length} more`);
    return 1;
  });
}

/** A chain that somebody broke may take no seal any more: that must not keep anybody from being told where it is broken. */
async function sealWhatWaits(ctx: AppContext): Promise<void> {
  try {
    while ((await sealAuditChain(ctx.db)) > 0);
  } catch (error) {
    // Prisma puts the database's own words into the last line.
    const words = String(error).trim().split('\n').at(-1);
    console.log(`New events could not be sealed. ${words}`);
  }
}

function headFrom(text: string): KnownHead | 'unreadable' {
  const [, position, hash] = /^(\d{1,9}):([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  if (position === undefined || hash === undefined) return 'unreadable';
  return { position: Number(position), hash: hash.toLowerCase() };
}
