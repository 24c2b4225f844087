/**
 * npm run audit:verify
 * Walks the audit's hash chain from its first event and names the first one that was changed, added or removed.
 */
import { sealAuditChain } from '../src/audit/seal-chain.ts';
import { verifyAuditChain } from '../src/audit/verify-chain.ts';
import { runCommand } from './command.ts';

await runCommand(async ({ ctx }) => {
  while ((await sealAuditChain(ctx.db)) > 0);
  const verdict = await verifyAuditChain(ctx.db);
  if (verdict.intact) {
    console.log(
      `The audit is intact: ${verdict.events} events, ${verdict.unsealed} not sealed yet.\nHead of the chain: ${verdict.head}`,
    );
    return 0;
  }
  console.log(
    `The audit is broken at position ${verdict.position}${verdict.eventId === null ? '' : ` (event ${verdict.eventId})`}: ${verdict.problem}.`,
  );
  return 1;
});
