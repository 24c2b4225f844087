/**
 * Which actions a resource has and who may call them. Default deny: every action AdminJS brings along is set explicitly,
 * and one that the access policy does not name cannot be called by anybody.
 */
import type { Action, ActionContext, ActionResponse } from 'adminjs';
import { can, canSometimes, POLICY, type ResourceName } from '../domain/access.ts';
import { actorOf } from './acting.ts';
import { ScopedRecord } from './scoped-resource.ts';

export type ActionOptions = Partial<Action<ActionResponse>>;

const BUILT_IN = {
  list: 'resource',
  search: 'resource',
  new: 'resource',
  show: 'record',
  edit: 'record',
  delete: 'record',
  bulkDelete: 'bulk',
} as const;

/** Actions of our own that are called on the whole resource. */
const OF_THE_RESOURCE: readonly string[] = ['retryMany', 'cancelMany', 'resolveMany', 'verify', 'export'];

/** Actions that only read; everything else takes POST. `edit` may also be read, to fill its form. */
export const READING: readonly string[] = ['list', 'search', 'show'];

/**
 * @param offered the actions this resource has; each needs a row in the access policy
 * @throws Error at start for an action without a policy
 */
export function guardedActions(
  resource: ResourceName,
  offered: Readonly<Record<string, ActionOptions>>,
): Record<string, ActionOptions> {
  const unruled = Object.keys(offered).find((name) => POLICY[resource][name] === undefined);
  if (unruled !== undefined) throw new Error(`${resource}.${unruled} has no row in the access policy`);
  const denied = Object.fromEntries(
    Object.keys(BUILT_IN).map((name) => [name, { isAccessible: false, isVisible: false } satisfies ActionOptions]),
  );
  const guarded = Object.entries(offered).map(([name, options]) => [name, guard(resource, name, options)] as const);
  return { ...denied, ...Object.fromEntries(guarded) };
}

/** What kind of address an action is called at: of the whole resource or of one record. Null: there is no such action here. */
export function actionShape(
  resource: ResourceName,
  name: string,
  offered: readonly string[],
): 'resource' | 'record' | null {
  if (!offered.includes(name) || POLICY[resource][name] === undefined) return null;
  return isOfTheResource(name) ? 'resource' : 'record';
}

function isOfTheResource(name: string): boolean {
  return BUILT_IN[name as keyof typeof BUILT_IN] === 'resource' || OF_THE_RESOURCE.includes(name);
}

function guard(resource: ResourceName, name: string, options: ActionOptions): ActionOptions {
  return {
    actionType: isOfTheResource(name) ? 'resource' : (BUILT_IN[name as keyof typeof BUILT_IN] ?? 'record'),
    showInDrawer: false,
    hideActionHeader: true,
    ...options,
    isAccessible: (context: ActionContext) => isAllowed(resource, name, context),
  };
}

function isAllowed(resource: ResourceName, name: string, context: ActionContext): boolean {
  const actor = actorOf(context);
  const { record } = context;
  if (!(record instanceof ScopedRecord)) return isOfTheResource(name) && canSometimes(actor, resource, name);
  // A record that could be read is inside the scope, which is stricter than the table for reading.
  return READING.includes(name) ? canSometimes(actor, resource, name) : can(actor, resource, name, record.subject);
}
