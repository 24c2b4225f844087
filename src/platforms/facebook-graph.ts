/**
 * How a call to the Graph API is addressed and signed: version in the path, token in the Authorization header and never in
 * an address, `appsecret_proof` always. The proof shows that the call comes from who holds the app secret; an app can be
 * set to refuse calls without it. Source: Meta's "Secure Graph API calls" and "Access tokens" pages.
 */
import { createHmac } from 'node:crypto';
import type { PlatformSettings } from '../config.ts';
import type { HttpRequest } from './http-client.ts';

type Graph = Pick<PlatformSettings, 'apiUrl' | 'version' | 'clientSecret'>;

/** Only where the settings name none. v26.0 is of July 2026; Meta keeps a version for about two years. */
const DEFAULT_VERSION = 'v26.0';

export function graphVersion({ version }: Pick<PlatformSettings, 'version'>): string {
  return version ?? DEFAULT_VERSION;
}

/** @param path begins with a slash; its parts are encoded already */
export function graphUrl(graph: Graph, path: string): string {
  return `${graph.apiUrl}/${graphVersion(graph)}${path}`;
}

export function bearer(accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}`, accept: 'application/json' };
}

/** The parameter that goes along with a token: hex HMAC-SHA256 of the token under the app secret. */
export function appSecretProof({ clientSecret }: Graph, accessToken: string): { appsecret_proof?: string } {
  if (clientSecret === null) return {};
  return { appsecret_proof: createHmac('sha256', clientSecret).update(accessToken).digest('hex') };
}

/** A read. Only the proof stands in the address; without the token it opens nothing. */
export function graphRead(
  graph: Graph,
  path: string,
  query: Readonly<Record<string, string>>,
  accessToken: string,
): HttpRequest {
  const parameters = new URLSearchParams({ ...query, ...appSecretProof(graph, accessToken) });
  return { method: 'GET', url: `${graphUrl(graph, path)}?${parameters}`, headers: bearer(accessToken) };
}
