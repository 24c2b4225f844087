/**
 * Which app is calling the token endpoint. A confidential client proves itself with its secret, in a Basic header as X
 * documents it or in the body as works in practice, but not in both (RFC 6749, 2.3). A public client only names itself.
 */
import type { Request } from 'express';
import { field, requiredField } from './form-field.ts';
import { oauthError } from './problem.ts';
import type { XContext } from './x-context.ts';

/** @returns the client's id. @throws ApiError 401 without proof or with a wrong one */
export function requireClient(context: XContext, request: Request): string {
  const { clientId, clientSecret, clientType } = context.options;
  const header = request.get('authorization');
  const named = field(request, 'client_id');
  const secret = field(request, 'client_secret');
  if (clientType === 'public') {
    if (header !== undefined || secret !== '') {
      throw oauthError(401, 'unauthorized_client', 'A public client has no secret.');
    }
    if (requiredField(request, 'client_id') !== clientId) throw wrongClient();
    return clientId;
  }
  if (header === undefined && secret === '') {
    throw oauthError(401, 'unauthorized_client', 'Missing valid authorization header');
  }
  if (header !== undefined && secret !== '') {
    throw oauthError(400, 'invalid_request', 'The client authenticates in the header or in the body, not in both.');
  }
  if (header === undefined) {
    if (named !== clientId || secret !== clientSecret) throw wrongClient();
    return clientId;
  }
  const credentials = /^Basic +(\S+)$/i.exec(header)?.[1] ?? '';
  if (Buffer.from(credentials, 'base64').toString() !== `${clientId}:${clientSecret}`) throw wrongClient();
  if (named !== '' && named !== clientId) throw wrongClient();
  return clientId;
}

function wrongClient(): Error {
  return oauthError(401, 'invalid_client', 'Client authentication failed.');
}
