/** The panel: AdminJS at /admin with our resources, our components and our gate in front. The guard stands before it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouter } from '@adminjs/express';
import AdminJS, { ComponentLoader, type PageContext } from 'adminjs';
import { type RequestHandler, Router } from 'express';
import type { AppContext } from '../context.ts';
import type { ResourceName } from '../domain/access.ts';
import { actingContext, actorOf } from './acting.ts';
import { auditExport } from './audit-export.ts';
import { bundleComponents, registerComponents } from './component-bundle.ts';
import { dashboardData } from './dashboard.ts';
import { evidenceDownload } from './evidence-download.ts';
import { guardedActions } from './guarded-actions.ts';
import { locale } from './locale.ts';
import { readDatamodel } from './model-metadata.ts';
import { panelAssets } from './panel-assets.ts';
import { panelPages } from './panel-page.ts';
import { recordListing } from './post-viewing.ts';
import { historyPages } from './record-history.ts';
import { refusalAnswers, refusalStatuses, refuse } from './refusal-answers.ts';
import { apiGate, type OfferedActions, pageGate } from './request-gate.ts';
import { definitionOf, type ResourceDefinition } from './resource-definition.ts';
import { auditEventResource } from './resources/audit-event.ts';
import { connectedAccountResource } from './resources/connected-account.ts';
import { holdResource } from './resources/hold.ts';
import { membershipResource } from './resources/membership.ts';
import { postResource } from './resources/post.ts';
import { publicationResource } from './resources/publication.ts';
import { publishAttemptResource } from './resources/publish-attempt.ts';
import { teamResource } from './resources/team.ts';
import { userResource } from './resources/user.ts';
import { type OnPostsShown, ScopedResource } from './scoped-resource.ts';
import { standingOrders } from './standing-orders.ts';
import { theme } from './theme.ts';

const ROOT_PATH = '/admin';
const PACKAGE = join(import.meta.dirname, '..', '..');

/**
 * Builds the panel; awaits its bundle, so that it is complete once this returns.
 * The router expects, set by the guard: `req.session.adminUser` (a whole Actor with `title`), and for its pages
 * `res.locals.cspNonce`.
 */
export async function createPanel(ctx: AppContext): Promise<{ router: Router; admin: AdminJS }> {
  const definitions = resourceDefinitions(ctx);
  const datamodel = readDatamodel();
  const onPostsShown: OnPostsShown = (actor, showing, posts) => recordListing(ctx, actor, showing, posts);
  const resources = new Map(
    definitions.map(({ spec }) => [spec.name, new ScopedResource(ctx.db, datamodel, spec, onPostsShown)] as const),
  );
  const loader = new ComponentLoader();
  registerComponents(loader);
  const admin = new AdminJS({ ...options(ctx, definitions, resources), componentLoader: loader });
  const bundle = await bundleComponents(admin, [
    join(PACKAGE, 'build', 'adminjs'),
    join(ctx.config.dataDir, 'adminjs'),
  ]);
  // buildRouter would bundle once more, without waiting for it.
  admin.initialize = async () => undefined;

  const stylesheet = await readFile(join(import.meta.dirname, 'panel.css'), 'utf8');
  const { handler, version } = panelAssets(bundle, stylesheet);
  const offered = offeredActions(definitions);
  const router = Router();
  router.use('/frontend/assets', handler);
  const specOf = (name: ResourceName) => definitionOf(definitions, name).spec;
  router.use('/api', actingPerson, refusalStatuses);
  router.use('/api/evidence', evidenceDownload(ctx, specOf('Publication')));
  router.use('/api/standing-orders', standingOrders(ctx, specOf('Hold')));
  router.use('/api/history', historyPages(ctx, resources));
  router.use('/api', apiGate(offered));
  router.post('/api/resources/AuditEvent/actions/export', auditExport(ctx, resourceOf(resources, 'AuditEvent')));
  router.use(pageGate(offered), panelPages({ version, faviconPath: `${ROOT_PATH}/frontend/assets/favicon.svg` }));
  buildRouter(admin, router);
  router.use('/api', (_req, res) => refuse(res, 404, 'There is nothing at this address.'));
  router.use('/api', refusalAnswers(ctx.log));
  return { router, admin };
}

export function resourceDefinitions(ctx: AppContext): readonly ResourceDefinition[] {
  return [
    postResource(ctx),
    publicationResource(ctx),
    connectedAccountResource(ctx),
    holdResource(ctx),
    userResource(ctx),
    teamResource(ctx),
    membershipResource(ctx),
    auditEventResource(ctx),
    publishAttemptResource(ctx),
  ];
}

/** Nobody without a person behind him comes further, whatever stands in front of this router. */
const actingPerson: RequestHandler = (req, res, next) => {
  const { currentAdmin } = actingContext(req);
  if (currentAdmin === undefined || currentAdmin === null)
    return refuse(res, 401, 'You are not signed in. Sign in and try again.');
  actorOf({ currentAdmin });
  next();
};

function options(
  ctx: AppContext,
  definitions: readonly ResourceDefinition[],
  resources: ReadonlyMap<ResourceName, ScopedResource>,
): ConstructorParameters<typeof AdminJS>[0] {
  return {
    rootPath: ROOT_PATH,
    loginPath: '/login',
    logoutPath: '/logout',
    resources: definitions.map(({ spec, options, actions }) => ({
      resource: resourceOf(resources, spec.name),
      options: { ...options, id: spec.name, actions: guardedActions(spec.name, actions) },
    })),
    dashboard: {
      component: 'Dashboard',
      handler: (_request: unknown, _response: unknown, context: PageContext) =>
        dashboardData(ctx, actorOf(context), definitions),
    },
    branding: { companyName: 'Social Share Scheduler', logo: false, withMadeWithLove: false, theme },
    assets: { styles: [`${ROOT_PATH}/frontend/assets/panel.css`] },
    settings: { defaultPerPage: 25 },
    locale,
  };
}

function resourceOf(resources: ReadonlyMap<ResourceName, ScopedResource>, name: ResourceName): ScopedResource {
  const resource = resources.get(name);
  if (resource === undefined) throw new Error(`no resource ${name}`);
  return resource;
}

function offeredActions(definitions: readonly ResourceDefinition[]): OfferedActions {
  const offered: Partial<Record<ResourceName, readonly string[]>> = {};
  for (const { spec, actions } of definitions) offered[spec.name] = Object.keys(actions);
  return offered;
}
