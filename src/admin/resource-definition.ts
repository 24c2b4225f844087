import type { ResourceOptions } from 'adminjs';
import type { ResourceName } from '../domain/access.ts';
import type { ActionOptions } from './guarded-actions.ts';
import type { ResourceSpec } from './scoped-resource.ts';

/** One entry of the panel: what may be read, how it looks, and what can be done with it. */
export interface ResourceDefinition {
  spec: ResourceSpec;
  options: Omit<ResourceOptions, 'actions' | 'id'>;
  actions: Readonly<Record<string, ActionOptions>>;
}

export function definitionOf(definitions: readonly ResourceDefinition[], name: ResourceName): ResourceDefinition {
  const definition = definitions.find(({ spec }) => spec.name === name);
  if (definition === undefined) throw new Error(`no resource ${name}`);
  return definition;
}
