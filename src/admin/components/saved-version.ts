/** Two people, or one in two tabs, edit the same record: what is saved by now. */
import { api } from './panel-client.ts';

/**
 * The version that is saved now; null when it cannot be read. The list is asked, not the page: a superuser's looking at a
 * post is recorded, and this is not looking.
 */
export async function savedVersion(resource: string, id: string): Promise<unknown> {
  const { records } = await api.list(resource, { 'filters.id': id });
  return records[0]?.params.updatedAt ?? null;
}
