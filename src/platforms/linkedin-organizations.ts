/**
 * The organisations (LinkedIn Pages) in whose name a member may post. Source: LinkedIn's Organization Access Control and
 * Organization Lookup APIs. Needs `rw_organization_admin`.
 */
import { z } from 'zod';
import { visibleName } from '../domain/invisible-characters.ts';
import type { HttpRequest, HttpResult } from './http-client.ts';
import { endsToken, type LinkedInError, readLinkedInError } from './linkedin-error.ts';
import { ConnectError } from './platform.ts';
import { readJson } from './read-json.ts';

export interface Organization {
  id: string;
  name: string;
}

interface OrganizationTools {
  apiUrl: string;
  headers: Readonly<Record<string, string>>;
  ask(request: HttpRequest): Promise<HttpResult>;
  /** The same, again for a while where a token that is too new may be what is refused. */
  askPatiently(request: HttpRequest): Promise<HttpResult>;
}

/** May write posts in the Page's name. The finder takes one role at a time. */
const POSTING_ROLES = ['ADMINISTRATOR', 'CONTENT_ADMINISTRATOR'] as const;
const MOST_ANSWERS = 20;

/** @throws ConnectError */
export async function findOrganizations(tools: OrganizationTools): Promise<Organization[]> {
  const ids = new Set<string>();
  for (const role of POSTING_ROLES) for (const id of await withRole(tools, role)) ids.add(id);
  return Promise.all([...ids].map(async (id) => ({ id, name: await nameOf(tools, id) })));
}

/** Whether the member may post in the name of this one. @throws ConnectError */
export async function mayPostAs(tools: OrganizationTools, id: string): Promise<boolean> {
  for (const role of POSTING_ROLES) if ((await withRole(tools, role)).includes(id)) return true;
  return false;
}

async function withRole(tools: OrganizationTools, role: (typeof POSTING_ROLES)[number]): Promise<string[]> {
  const ids: string[] = [];
  for (let start = 0, answers = 0; answers < MOST_ANSWERS; answers += 1) {
    // The first question in the form that LinkedIn documents; `start` only when it says that there is more.
    const url = `${tools.apiUrl}/rest/organizationAcls?q=roleAssignee&role=${role}&state=APPROVED`;
    const request = {
      method: 'GET',
      url: start === 0 ? url : `${url}&start=${start}`,
      headers: tools.headers,
    } as const;
    const result = await (role === 'ADMINISTRATOR' ? tools.askPatiently(request) : tools.ask(request));
    // Administrators were shown: a role that is refused now is one that this LinkedIn does not know.
    if (role !== 'ADMINISTRATOR' && isRefusal(result)) return ids;
    const page = readAcls(result);
    ids.push(...page.organizationIds);
    start += page.size;
    if (page.size === 0 || start >= page.total) break;
  }
  return ids;
}

function isRefusal(result: HttpResult): boolean {
  return result.kind === 'answer' && result.status >= 400 && result.status < 500 && result.status !== 429;
}

const acls = z.object({
  elements: z.array(
    z.object({
      state: z.string().default('APPROVED'),
      organization: z.string().optional(),
      // What the same field is called in older versions.
      organizationalTarget: z.string().optional(),
    }),
  ),
  paging: z
    .object({ total: z.number().catch(0).default(0) })
    .catch({ total: 0 })
    .default({ total: 0 }),
});

/** Pure. @throws ConnectError */
export function readAcls(result: HttpResult): { organizationIds: string[]; size: number; total: number } {
  if (result.kind !== 'answer') throw unreachable(result.reason);
  if (result.status !== 200) throw refused(result.status, readLinkedInError(result));
  const body = acls.safeParse(readJson(result.body));
  if (!body.success) {
    throw new ConnectError(
      'unreadable-answer',
      'LinkedIn’s list of your Pages cannot be read. Try again in a few minutes.',
      {
        dead: false,
      },
    );
  }
  const { elements, paging } = body.data;
  const organizationIds = elements
    .filter(({ state }) => state === 'APPROVED')
    .flatMap(({ organization, organizationalTarget }) => {
      const urn = organization ?? organizationalTarget ?? '';
      return /^urn:li:organization:(\d{1,20})$/.exec(urn)?.[1] ?? [];
    });
  return { organizationIds, size: elements.length, total: paging.total };
}

const organization = z.object({ localizedName: z.string() });

/** A name that cannot be had is no reason not to connect the Page: its number stands for it. */
async function nameOf(tools: OrganizationTools, id: string): Promise<string> {
  const result = await tools.ask({
    method: 'GET',
    url: `${tools.apiUrl}/rest/organizations/${id}`,
    headers: tools.headers,
  });
  const body = organization.safeParse(result.kind === 'answer' && result.status === 200 ? readJson(result.body) : null);
  const name = body.success ? visibleName(body.data.localizedName) : '';
  return name === '' ? `LinkedIn Page ${id}` : name;
}

function refused(status: number, error: LinkedInError): ConnectError {
  if (status === 429 || status >= 500) return unreachable(`HTTP ${status}`);
  if (status === 403) {
    return new ConnectError(
      'pages-refused',
      'LinkedIn does not show this app your Pages. Right after you have allowed it that can take five minutes: try again then. If it stays so, the operator has to add the product “Community Management API” to the LinkedIn app.',
      { dead: false },
    );
  }
  if (status === 426 || error.code === 'VERSION_MISSING') {
    return new ConnectError(
      'app-refused',
      'LinkedIn does not serve this API version any more. The operator has to set LINKEDIN_VERSION to a current month, such as last month’s, and restart.',
      { dead: false },
    );
  }
  if (status === 401) {
    return new ConnectError(
      'token-refused',
      'LinkedIn does not accept the permission it just gave. Start connecting again.',
      { dead: endsToken(error) },
    );
  }
  return new ConnectError('refused', `LinkedIn did not show your Pages (HTTP ${status}). Try again in a few minutes.`, {
    dead: false,
  });
}

function unreachable(reason: string): ConnectError {
  return new ConnectError('unreachable', `LinkedIn could not be asked (${reason}). Try again in a few minutes.`, {
    dead: false,
  });
}
