/** Taking in an image for a team: checked, cleaned, and kept once however often it is sent. */
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import type { Database, Tx } from '../database/client.ts';
import { type Actor, can } from '../domain/access.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { type CheckedImage, checkImage } from './check-image.ts';
import { IMAGE_FACTS, type StoredImage } from './stored-image.ts';

/** Nobody fills the disk by himself in a day, and no team without an administrator noticing. */
const LARGEST_SHARE = {
  /** Bytes that one person may add in 24 hours: some hundred photos. */
  personPerDay: 500_000_000,
  /** Bytes of one team in all. */
  team: 20_000_000_000,
} as const;
const DAY_MS = 86_400_000;
/** Ten megabytes on their way into a busy database. */
const LONGEST_SAVING_MS = 20_000;

/**
 * The team an image is for, asked before its bytes are read.
 * @param wanted a team's id; may be missing for someone with one membership
 * @throws Refusal, the same for a team that does not exist and for one the person may not write posts for
 */
export async function teamForImage(db: Database, actor: Actor, wanted: string | null): Promise<string> {
  const only = actor.memberships.length === 1 ? actor.memberships[0]?.teamId : undefined;
  const teamId = wanted ?? only;
  if (teamId === undefined) {
    const message = 'Say which team this image is for: add ?team= and its id to the address.';
    throw new Refusal('invalid', message, { team: message });
  }
  const exists = isUuid(teamId) && (await db.team.count({ where: { id: teamId } })) > 0;
  if (!exists || !can(actor, 'Post', 'new', { ownerId: actor.id, teamId })) throw notFound('team');
  return teamId;
}

/**
 * Stores an image, or finds the one that is there already.
 * @param upload the bytes as they were sent; worked on in place, so they must not be used afterwards
 * @returns `added`: false when the team had it already
 * @throws Refusal with a sentence for the person; nothing is stored then
 */
export async function addImage(
  ctx: AppContext,
  actor: Actor,
  teamId: string,
  upload: Buffer<ArrayBuffer>,
): Promise<{ image: StoredImage; added: boolean }> {
  return inTurn(async () => {
    const checked = await checkImage(upload);
    return ctx.db.$transaction((tx) => store(tx, ctx, actor, teamId, checked), { timeout: LONGEST_SAVING_MS });
  });
}

async function store(
  tx: Tx,
  ctx: AppContext,
  actor: Actor,
  teamId: string,
  { bytes, ...facts }: CheckedImage,
): Promise<{ image: StoredImage; added: boolean }> {
  const now = ctx.clock.now();
  const known = { teamId, sha256: facts.sha256 };
  // Touched first, which also keeps it from being removed as unused just now.
  const found = await tx.media.updateMany({ where: known, data: { lastUsedAt: now } });
  let added = 0;
  if (found.count === 0) {
    await refuseGreed(tx, actor, teamId, bytes.length, now);
    ({ count: added } = await tx.media.createMany({
      data: [{ teamId, ...facts, byteSize: bytes.length, bytes, addedById: actor.id, createdAt: now, lastUsedAt: now }],
      // Somebody else may be sending the same one at this moment.
      skipDuplicates: true,
    }));
  }
  const image = await tx.media.findUniqueOrThrow({ where: { teamId_sha256: known }, select: IMAGE_FACTS });
  if (added === 1) {
    const { id, contentType, byteSize, sha256 } = image;
    const metadata = { contentType, byteSize, sha256 };
    await recordEvent(
      tx,
      { actorId: actor.id, action: 'media.added', entity: 'Media', entityId: id, teamId, metadata },
      now,
    );
  }
  return { image, added: added === 1 };
}

async function refuseGreed(tx: Tx, actor: Actor, teamId: string, bytes: number, now: Date): Promise<void> {
  const since = new Date(now.getTime() - DAY_MS);
  const [kept] = await tx.$queryRaw<{ by_person: number; of_team: number }[]>`
    SELECT (SELECT coalesce(sum(byte_size), 0) FROM media WHERE added_by_id = ${actor.id}::uuid AND created_at > ${since})::float8 AS by_person,
           (SELECT coalesce(sum(byte_size), 0) FROM media WHERE team_id = ${teamId}::uuid)::float8 AS of_team`;
  if ((kept?.by_person ?? 0) + bytes > LARGEST_SHARE.personPerDay)
    throw new Refusal('conflict', 'You have added very many images within a day. Add this one tomorrow.');
  if ((kept?.of_team ?? 0) + bytes > LARGEST_SHARE.team)
    throw new Refusal(
      'conflict',
      'Your team has used up its space for images. Delete drafts with images that are not needed, or ask an administrator.',
    );
}

let last: Promise<unknown> = Promise.resolve();

/** One after another in this process: unpacking an image takes up to some hundred megabytes for a moment. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.then(
    () => undefined,
    () => undefined,
  );
  return mine;
}
