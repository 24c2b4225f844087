import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpClient, HttpRequest, HttpResult } from './http-client.ts';
import { createLinkedInConnector } from './linkedin-connector.ts';

const now = new Date('2026-11-21T12:00:00Z');
const settings = {
  clientId: 'id',
  clientSecret: 'secret',
  authorizeUrl: 'https://www.linkedin.com/oauth/v2',
  apiUrl: 'https://api.linkedin.com',
  version: null,
};
const grant = {
  ...{ accessToken: 'AQX', accessTokenExpiresAt: null, refreshToken: null, refreshTokenExpiresAt: null, scopes: [] },
};
const ACLS = '/rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED';
const CONTENT_ACLS = ACLS.replace('ADMINISTRATOR', 'CONTENT_ADMINISTRATOR');
const ada = answer(200, { sub: '782bbtaQ', name: 'Ada Lovelace' });

describe('the Pages somebody may post to', () => {
  test('are those he administers and those whose content he looks after, each once, after himself', async () => {
    const world = linkedIn({
      '/v2/userinfo': [ada],
      [ACLS]: [acls(1001, 1002)],
      [CONTENT_ACLS]: [acls(1002, 1003)],
      '/rest/organizations/1001': [answer(200, { id: 1001, localizedName: ' Northwind ' })],
      '/rest/organizations/1002': [answer(403, { code: 'ACCESS_DENIED' })],
      '/rest/organizations/1003': [answer(200, { id: 1003, localizedName: 'Library' })],
    });
    const organization = (externalId: string, displayName: string) => ({
      ...{ externalId, displayName, kind: 'organization', grantedBy: '782bbtaQ', grant: null, profileUrl: null },
      email: null,
    });
    expect(await world.candidates()).toEqual([
      expect.objectContaining({ externalId: '782bbtaQ', kind: 'member', grantedBy: '782bbtaQ' }),
      organization('1001', 'Northwind'),
      organization('1002', 'LinkedIn Page 1002'),
      organization('1003', 'Library'),
    ]);
    expect(world.sent.find(({ url }) => url.includes('organizationAcls'))?.headers).toEqual({
      authorization: 'Bearer AQX',
      'linkedin-version': '202610',
      'x-restli-protocol-version': '2.0.0',
    });
  });

  test('are not asked for when only his own account is wanted', async () => {
    expect(await linkedIn({ '/v2/userinfo': [ada] }).candidates('own')).toHaveLength(1);
  });

  test('are read to the end of the list', async () => {
    const world = linkedIn(
      {
        '/v2/userinfo': [ada],
        [ACLS]: [acls(1, 2)],
        [`${ACLS}&start=2`]: [acls(3)],
        [CONTENT_ACLS]: [answer(400, { code: 'INVALID_VALUE_FOR_FIELD' })],
      },
      3,
    );
    expect(await world.candidates()).toHaveLength(4);
  });

  test('leave out a role that is not approved, and what is no organisation', async () => {
    const elements = [
      { role: 'ADMINISTRATOR', state: 'REVOKED', organization: 'urn:li:organization:1' },
      { role: 'ADMINISTRATOR', state: 'APPROVED', organization: 'urn:li:organizationBrand:2' },
      { role: 'ADMINISTRATOR', state: 'APPROVED', organizationalTarget: 'urn:li:organization:3' },
      { role: 'ADMINISTRATOR', state: 'APPROVED' },
    ];
    const world = linkedIn({ '/v2/userinfo': [ada], [ACLS]: [answer(200, { elements })], [CONTENT_ACLS]: [acls()] });
    expect(await world.candidates()).toMatchObject([{}, { externalId: '3' }]);
  });

  test('are asked for again while the new token is still taken for the old one', async () => {
    const denied = answer(403, { serviceErrorCode: 100, code: 'ACCESS_DENIED' });
    const world = linkedIn({ '/v2/userinfo': [ada], [ACLS]: [denied, denied, acls(1)], [CONTENT_ACLS]: [acls()] });
    expect(await world.candidates()).toHaveLength(2);
  });

  test.each([
    ['no product for it', answer(403, { code: 'ACCESS_DENIED' }), /Community Management API/],
    ['a dead token', answer(401, { serviceErrorCode: 65600 }), /Start connecting again/],
    ['a retired version', answer(426, { code: 'NONEXISTENT_VERSION' }), /LINKEDIN_VERSION/],
    ['a throttle', answer(429, ''), /in a few minutes/],
    ['trouble at LinkedIn', answer(503, ''), /in a few minutes/],
    ['no connection', { kind: 'not-sent', reason: 'dns-failure', cause: null } as const, /in a few minutes/],
    ['nonsense', answer(200, '<html>'), /cannot be read/],
  ])('%s ends in a sentence without a token', async (_case, refusal, sentence) => {
    const world = linkedIn({ '/v2/userinfo': [ada], [ACLS]: [refusal, refusal, refusal] });
    const failure = await world.candidates().catch((error: Error) => error);
    expect(failure).toMatchObject({ name: 'ConnectError', message: expect.stringMatching(sentence) });
    expect(String(failure)).not.toContain('AQX');
  });
});

/** LinkedIn by its addresses, each with its answers in order; what has none is not there (404). */
function linkedIn(answers: Record<string, HttpResult[]>, total?: number) {
  const sent: HttpRequest[] = [];
  const http: HttpClient = {
    send: async (request) => {
      sent.push(request);
      const next = answers[request.url.slice(settings.apiUrl.length)]?.shift() ?? answer(404, { code: 'NOT_FOUND' });
      return total === undefined ? next : withTotal(next, total);
    },
    close: async () => undefined,
  };
  const connector = createLinkedInConnector(settings, { http, delaysMs: [1, 1] });
  return {
    sent,
    candidates: (reach: 'own' | 'organizations' = 'organizations') => connector.candidates(grant, now, reach),
  };
}

function acls(...ids: number[]): HttpAnswer {
  const elements = ids.map((id) => ({
    ...{ role: 'ADMINISTRATOR', state: 'APPROVED', roleAssignee: 'urn:li:person:782bbtaQ' },
    organization: `urn:li:organization:${id}`,
  }));
  return answer(200, { elements });
}

function withTotal(result: HttpResult, total: number): HttpResult {
  if (result.kind !== 'answer' || !result.body.includes('elements')) return result;
  return {
    ...result,
    body: JSON.stringify({ ...JSON.parse(result.body), paging: { start: 0, count: 10, links: [], total } }),
  };
}

function answer(status: number, body: unknown): HttpAnswer {
  return {
    kind: 'answer',
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
    bodyComplete: true,
  };
}
