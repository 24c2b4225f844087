/** The guards of publishing, each with the edit that takes it away. What an edit looks for must be there exactly once. */
export interface Mutant {
  /** What is missing. */
  without: string;
  edits: readonly { file: string; from: string; to: string }[];
}

const WRITE_AHEAD = 'src/publishing/write-ahead.ts';
const PIPELINE = 'src/publishing/publish-publication.ts';
const SENDING = 'src/publishing/send-recorded.ts';
const READY = 'src/publishing/claim-ready.ts';
const MIGRATION = 'prisma/migrations/20261121000000_first/migration.sql';

export const MUTANTS: readonly Mutant[] = [
  {
    without: 'the write-ahead record (the attempt stays "prepared")',
    edits: [{ file: WRITE_AHEAD, from: "SET state = 'sent', sent_at", to: "SET state = 'prepared', sent_at" }],
  },
  {
    without: 'its order (the request leaves before the record)',
    edits: [
      {
        file: PIPELINE,
        from: 'let recordingAt = instant();',
        to: 'const early = await preparation.publisher.send(preparation.request, signal); Object.assign(preparation, { publisher: { ...preparation.publisher, send: async () => early } }); let recordingAt = instant();',
      },
    ],
  },
  {
    without: 'the fence',
    edits: [
      { file: WRITE_AHEAD, from: ' AND fence = ', to: ' AND 0 <= ' },
      { file: 'src/publishing/transition.ts', from: '...(fence === undefined ? {} : { fence })', to: '' },
      { file: 'src/publishing/claim.ts', from: ' && publication.fence === claim.fence', to: '' },
    ],
  },
  {
    without: 'the sweep',
    edits: [
      {
        file: 'src/publishing/sweep.ts',
        from: "publications.status = 'publishing' AND coalesce(lease_until, '-infinity') < clock_timestamp()",
        to: 'false',
      },
    ],
  },
  {
    without: 'the lease in the sweep (it takes claims from the living)',
    edits: [
      {
        file: 'src/publishing/sweep.ts',
        from: " AND coalesce(lease_until, '-infinity') < clock_timestamp()",
        to: '',
      },
    ],
  },
  {
    without: 'the lease check before sending',
    edits: [
      {
        file: WRITE_AHEAD,
        from: 'AND lease_until > clock_timestamp() +',
        to: 'AND clock_timestamp() > clock_timestamp() -',
      },
    ],
  },
  {
    without: 'the check for a pause before sending',
    edits: [{ file: SENDING, from: 'elapsedMs(recordingAt) >', to: 'performance.now() - recordedAt >' }],
  },
  {
    without: 'the hold check at the last moment',
    edits: [
      { file: 'src/publishing/no-hold.ts', from: 'WHERE released_at IS NULL AND (scope', to: 'WHERE false AND (scope' },
    ],
  },
  {
    without: 'the unique index on open attempts',
    edits: [
      {
        file: MIGRATION,
        from: 'CREATE UNIQUE INDEX "publish_attempts_one_open"',
        to: 'CREATE INDEX "publish_attempts_one_open"',
      },
    ],
  },
  {
    without: 'the trigger that keeps what is published',
    edits: [
      {
        file: MIGRATION,
        from: 'CREATE TRIGGER "publications_keep_published" BEFORE UPDATE OR DELETE ON "publications" FOR EACH ROW EXECUTE FUNCTION keep_published();',
        to: '',
      },
    ],
  },
  {
    without: 'the row lock of a claim (two workers take the same one)',
    edits: [{ file: 'src/publishing/claim.ts', from: 'FOR UPDATE OF publications, posts SKIP LOCKED', to: '' }],
  },
  {
    without: 'the row lock of a claim of what was prepared ahead',
    edits: [{ file: READY, from: 'FOR UPDATE OF publications, posts SKIP LOCKED', to: '' }],
  },
  {
    without: 'the question whether it is still as it was prepared',
    edits: [
      { file: READY, from: 'publications.updated_at = wanted.updated_at', to: 'true' },
      { file: READY, from: 'posts.updated_at = wanted.post_updated_at', to: 'true' },
    ],
  },
  {
    without: 'the instant of what was prepared ahead',
    edits: [{ file: READY, from: 'publications.next_attempt_at <= clock_timestamp()', to: 'true' }],
  },
  {
    without: 'the claim in the short settlement',
    edits: [
      {
        file: 'src/publishing/settle-accepted.ts',
        from: "AND status = 'publishing' AND fence = ",
        to: 'AND 0 <= ',
      },
    ],
  },
  {
    without: 'the rule that an unknown outcome is never retried',
    edits: [
      {
        file: 'src/domain/retry-policy.ts',
        from: "return { next: 'unconfirmed', counted: true };",
        to: "return { next: 'retrying', at: now, counted: true };",
      },
    ],
  },
  {
    without: 'the rule that a person cannot simply retry what is unconfirmed',
    edits: [
      {
        file: 'src/domain/publication.ts',
        from: "RETRYABLE: readonly PublicationStatus[] = ['failed',",
        to: "RETRYABLE: readonly PublicationStatus[] = ['unconfirmed', 'failed',",
      },
    ],
  },
  {
    without: 'the memory of what was given up while it may be live',
    edits: [
      {
        file: 'src/publishing/given-up.ts',
        from: "return publication.status === 'cancelled' &&",
        to: 'return false &&',
      },
    ],
  },
  {
    without: 'the three good reads that prove absence',
    edits: [
      {
        file: 'src/domain/look-up-policy.ts',
        from: 'READS_THAT_PROVE_ABSENCE = 3',
        to: 'READS_THAT_PROVE_ABSENCE = 1',
      },
      {
        file: 'src/domain/look-up-policy.ts',
        from: 'SECONDS_THAT_PROVE_ABSENCE = 5 * 60',
        to: 'SECONDS_THAT_PROVE_ABSENCE = 0',
      },
    ],
  },
  {
    without: 'the question whose post a duplicate refusal names',
    edits: [
      {
        file: 'src/publishing/duplicate.ts',
        from: 'if (await boundElsewhere(tx, claim, externalId)) return outcome;',
        to: '',
      },
    ],
  },
  {
    without: 'the post lock',
    edits: [
      {
        file: 'src/publishing/transition.ts',
        from: '::uuid FOR UPDATE`',
        to: '::uuid`',
      },
    ],
  },
  {
    without: 'the late-answer rule',
    edits: [
      {
        file: 'src/publishing/settle.ts',
        from: "if (named.kind === 'accepted') await recordLateAnswer(",
        to: 'if (ctx === null) await recordLateAnswer(',
      },
    ],
  },
  {
    without: 'the patience with a database that is away',
    edits: [{ file: 'src/publishing/until-saved.ts', from: 'if (end.isReached()) {', to: 'if (toldAt < 0) {' }],
  },
  {
    without: 'the question whether a claim without its attempt may be live',
    edits: [
      {
        file: 'src/publishing/claim-without-attempt.ts',
        from: 'if (mayBeLive) await park(',
        to: 'if (!publication) await park(',
      },
    ],
  },
  {
    without: 'the end of holds that lost their reason',
    edits: [
      {
        file: 'src/publishing/groundless-holds.ts',
        from: "WHERE publications.status = 'held' AND",
        to: 'WHERE false AND',
      },
    ],
  },
  {
    without: 'the transaction around row and alarm',
    edits: [{ file: 'src/publishing/alarm.ts', from: 'db: fromPrisma(tx),', to: '' }],
  },
  {
    without: 'the alarm',
    edits: [
      {
        file: 'src/publishing/schedule-post.ts',
        from: 'if (moved) await setAlarm(tx, ctx, { id: publication.id, generation }, dueAt);',
        to: '',
      },
    ],
  },
  {
    without: 'the generation (a new time keeps the old alarm)',
    edits: [
      {
        file: 'src/publishing/schedule-post.ts',
        from: 'const generation = publication.generation + 1;',
        to: 'const generation = Math.max(1, publication.generation);',
      },
    ],
  },
  {
    without: 'the answer that is read before giving up, after a pause',
    edits: [
      {
        file: 'src/platforms/http-client.ts',
        from: 'else setImmediate(() => setImmediate(onDeadline));',
        to: 'else onDeadline();',
      },
    ],
  },
  {
    without: 'the end of what is still connecting, after a pause',
    edits: [
      { file: 'src/platforms/http-client.ts', from: 'if (controller === null) onDeadline();\n      else', to: '' },
    ],
  },
  {
    without: 'the attempt that made an adopted duplicate',
    edits: [
      {
        file: 'src/publishing/duplicate.ts',
        from: 'permalink: permalink ?? externalId, madeBy: earlier.id }',
        to: 'permalink: permalink ?? externalId }',
      },
    ],
  },
  {
    without: 'the rest of a publication that was answered with another’s id',
    edits: [
      {
        file: 'src/publishing/late-answer.ts',
        from: '  await tx.publishAttempt.updateMany({ where: { publicationId: claim.publicationId }, data: { nextLookUpAt: null } });',
        to: '',
      },
      {
        file: 'src/publishing/late-answer.ts',
        from: ', finishedAt: at, nextLookUpAt: null }',
        to: ', finishedAt: at }',
      },
    ],
  },
];
