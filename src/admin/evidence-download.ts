/**
 * As-published evidence as a file, for somebody outside who has to check it without this product. The document stands in
 * it byte for byte in its canonical form. Who took it out is on record.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { validate as isUuid } from 'uuid';
import { recordEvent } from '../audit/record-event.ts';
import type { AppContext } from '../context.ts';
import { notFound, Refusal } from '../domain/refusal.ts';
import { readEvidence } from '../publishing/read-evidence.ts';
import { actingContext, actorOf } from './acting.ts';
import { recordViewing } from './post-viewing.ts';
import type { ResourceSpec } from './scoped-resource.ts';

const HOW_TO_CHECK =
  'sha256 is over the value of "document", written as JSON with the keys of every object sorted, no spaces and UTF-8: ' +
  'exactly the characters that stand between "document": and ,"sha256" here.';

/** @param publications whose scope decides what somebody may take out: the same as what he may see */
export function evidenceDownload(ctx: AppContext, publications: Pick<ResourceSpec, 'scope'>): RequestHandler {
  const router = Router();
  router.get('/:publicationId', async (req: Request<{ publicationId: string }>, res: Response) => {
    refuseOtherSites(req.get('sec-fetch-site'));
    const actor = actorOf(actingContext(req));
    const { publicationId } = req.params;
    const publication = isUuid(publicationId)
      ? await ctx.db.publication.findFirst({
          where: { AND: [publications.scope(actor), { id: publicationId }] },
          select: { id: true, teamId: true, postId: true },
        })
      : null;
    if (publication === null) throw notFound('publication');
    const evidence = await readEvidence(ctx.db, publication.id);
    if (evidence === null)
      throw new Refusal('not-found', 'There is no evidence for this publication: no platform has accepted it so far.');
    const { canonical, sha256, intact } = evidence;
    await ctx.db.$transaction((tx) =>
      recordEvent(
        tx,
        {
          actorId: actor.id,
          action: 'audit.exported',
          entity: 'Publication',
          entityId: publication.id,
          teamId: publication.teamId,
          metadata: { what: 'as-published evidence', format: 'json', sha256, intact },
        },
        ctx.clock.now(),
      ),
    );
    await recordViewing(ctx, actor, publication);
    res
      .setHeader('Cache-Control', 'no-store')
      .setHeader('Content-Disposition', `attachment; filename="evidence-${publication.id}.json"`)
      .type('application/json')
      .send(
        `{"document":${canonical},"sha256":${JSON.stringify(sha256)},"intact":${intact},"howToCheck":${JSON.stringify(HOW_TO_CHECK)}}\n`,
      );
  });
  return router;
}

/**
 * A download is a GET that leaves a trace in the audit, so another site must not be able to make a browser ask for it.
 * `none` is an address that was typed or kept; browsers without the header are let through, as GETs are everywhere.
 */
function refuseOtherSites(site = 'none'): void {
  if (site === 'same-origin' || site === 'none') return;
  throw new Refusal(
    'forbidden',
    'Another site sent you here, so nothing was taken out. Open the publication in the panel and download its evidence there.',
  );
}
