/**
 * Graph's refusals: one envelope, told apart by `code` and `error_subcode` and not by the HTTP status. Wordings are the
 * captured ones where a capture is known.
 */
import { randomBytes } from 'node:crypto';
import type { Answer } from '../transmit.ts';

interface Details {
  /** Default 400, which is what most refusals have. */
  readonly status?: number;
  readonly subcode?: number;
  /** Default `OAuthException`, whatever it is about. */
  readonly type?: 'OAuthException' | 'GraphMethodException';
  /** What the person should read: `error_user_title` and `error_user_msg`. */
  readonly title?: string;
  readonly userMessage?: string;
  readonly transient?: boolean;
  /** The word in `WWW-Authenticate`. Default `invalid_request`. */
  readonly challenge?: 'invalid_request' | 'invalid_token' | 'invalid_code' | 'insufficient_scope';
}

export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly answer: Answer;
  readonly code: number;
  readonly subcode: number | null;

  constructor(code: number, message: string, details: Details = {}) {
    super(message);
    this.code = code;
    this.subcode = details.subcode ?? null;
    this.answer = answerOf(code, message, details);
  }

  /** As the request log shows it: `190/463`. */
  get label(): string {
    return this.subcode === null ? String(this.code) : `${this.code}/${this.subcode}`;
  }
}

function answerOf(code: number, message: string, details: Details): Answer {
  const { status = 400, subcode, type = 'OAuthException', title, userMessage, transient, challenge } = details;
  const header = `OAuth "Facebook Platform" "${challenge ?? 'invalid_request'}" "${headerText(message)}"`;
  return {
    status,
    ...(type === 'OAuthException' && status < 500 ? { headers: { 'www-authenticate': header } } : {}),
    body: {
      error: {
        message,
        type,
        code,
        error_subcode: subcode,
        error_user_title: title,
        error_user_msg: userMessage,
        is_transient: transient,
        fbtrace_id: `A${randomBytes(16).toString('base64url')}`,
      },
    },
  };
}

/** A header takes no line breaks and no other alphabet, and the message may quote what somebody typed. */
function headerText(message: string): string {
  return message.replace(/[^\x20-\x7e]/g, '?').replaceAll('"', "'");
}

export function invalidParameter(message: string): GraphError {
  return new GraphError(100, `(#100) ${message}`);
}

/** The content services hide what is wrong behind "Invalid parameter"; the subcode and the words for people say it. */
export function contentRefused(subcode: number, title: string, userMessage: string): GraphError {
  return new GraphError(100, 'Invalid parameter', { subcode, title, userMessage, transient: false });
}

/** Not there, or not to be seen with this token: Graph does not say which. */
export function noSuchObject(id: string, verb: 'get' | 'post' | 'delete'): GraphError {
  const what = `Unsupported ${verb} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`;
  const message = `${what} Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api`;
  return new GraphError(100, message, { subcode: 33, type: 'GraphMethodException' });
}

export function unknownPath(path: string): GraphError {
  return new GraphError(2500, `Unknown path components: ${path}`);
}

export function unknownField(field: string, nodeType: string): GraphError {
  return invalidParameter(`Tried accessing nonexisting field (${field}) on node type (${nodeType})`);
}

export function permissionMissing(code: number, message: string): GraphError {
  return new GraphError(code, `(#${code}) ${message}`, { status: 403, challenge: 'insufficient_scope' });
}

/** The one answer to every reason for which a token may not post to a Page. */
export function mayNotPost(): GraphError {
  return permissionMissing(
    200,
    'If posting to a group, requires app being installed in the group, and either publish_to_groups permission with user token, or both pages_read_engagement and pages_manage_posts permission with page token; If posting to a page, requires both pages_read_engagement and pages_manage_posts as an admin with sufficient administrative permission',
  );
}

export function tokenInvalid(message: string, subcode?: number, code = 190): GraphError {
  return new GraphError(code, message, {
    // Garbage was seen with 400, dead tokens with 401 as well: decide by the code.
    status: subcode === undefined ? 400 : 401,
    challenge: 'invalid_token',
    ...(subcode === undefined ? {} : { subcode }),
  });
}

/** HTTP 500 whether or not something was created: on the real platform too, the post was often there. */
export function serverError(code: 1 | 2): GraphError {
  const message = 'An unexpected error has occurred. Please retry your request later.';
  return new GraphError(code, message, { status: 500, transient: true });
}
