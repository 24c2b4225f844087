import type { ShownPost } from './post-viewing.ts';

/** The words by which a person recognises what an event is about; null when it has none. */
export function aboutText(metadata: unknown): string | null {
  const { text, name, displayName, email, reason, posts, where } = (metadata ?? {}) as Record<string, unknown>;
  if (Array.isArray(posts) && typeof where === 'string')
    return `${posts.length === 1 ? 'One post' : `${posts.length} posts`} (${where})`;
  const found = [text, displayName, name, email, reason].find((value) => typeof value === 'string' && value !== '');
  return typeof found === 'string' ? found : null;
}

/** What a publication goes on by, as its event says it; null when it does not. */
export function goesOnBy(metadata: unknown): string | null {
  const { by } = (metadata ?? {}) as Record<string, unknown>;
  return typeof by === 'string' ? by : null;
}

/** The post whose first words an event tells, if it does. @param event with entity, entityId, teamId and metadata */
export function toldPost(event: object): readonly ShownPost[] {
  const { entity, entityId, teamId, metadata } = event as Record<string, unknown>;
  const { text } = (metadata ?? {}) as Record<string, unknown>;
  if (entity !== 'Post' || typeof entityId !== 'string' || typeof text !== 'string' || text === '') return [];
  return [{ postId: entityId, teamId: typeof teamId === 'string' ? teamId : null }];
}
