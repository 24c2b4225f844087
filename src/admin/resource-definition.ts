import type { ResourceOptions } from 'adminjs';
import type { ActionOptions } from './guarded-actions.ts';
import type { ResourceSpec } from './scoped-resource.ts';

/** One entry of the panel: what may be read, how it looks, and what can be done with it. */
export interface ResourceDefinition {
  spec: ResourceSpec;
  options: Omit<ResourceOptions, 'actions' | 'id'>;
  actions: Readonly<Record<string, ActionOptions>>;
}
