/**
 * Where web sessions are kept: connect-pg-simple's table, with two rules of our own.
 *  - A session that was ended stays ended. The library saves with an upsert, so a request that was under way when somebody
 *    ended the session (a new password, a deactivation) would bring it back; ours only ever updates what it has read.
 *    The version of the person's credentials in it is not the request's to write either: whoever raises it has.
 *  - A page that refreshes itself is not somebody at work: such a request does not put off the session's end.
 */
import connectPgSimple from 'connect-pg-simple';
import type { Request } from 'express';
import session from 'express-session';
import type pg from 'pg';
import type { AppContext } from '../context.ts';

export interface SessionStore extends session.Store {
  /** What this request does to its session's end: nothing. */
  leaveUntouched(req: Request): void;
}

const UPDATE = `
  UPDATE "session"
     SET "sess" = ($1::jsonb || jsonb_strip_nulls(jsonb_build_object('credentialVersion', "sess"->'credentialVersion')))::json,
         "expire" = to_timestamp($2)
   WHERE "sid" = $3`;

export function createSessionStore(ctx: AppContext, pool: pg.Pool): SessionStore {
  const PgStore = connectPgSimple(session);

  class Store extends PgStore implements SessionStore {
    readonly #read = new WeakSet<object>();
    readonly #untouched = new WeakSet<object>();

    leaveUntouched(req: Request): void {
      this.#untouched.add(req.session);
    }

    override createSession(req: Request, data: session.SessionData): session.Session & session.SessionData {
      const found = super.createSession(req, data);
      this.#read.add(found);
      return found;
    }

    override set(sid: string, data: session.SessionData, done: (error?: unknown) => void = () => undefined): void {
      if (!this.#read.has(data)) {
        super.set(sid, data, done);
        return;
      }
      const expires = data.cookie.expires ? new Date(data.cookie.expires).getTime() : Date.now();
      pool.query(UPDATE, [data, Math.ceil(expires / 1000), sid]).then(() => done(), done);
    }

    override touch(sid: string, data: session.SessionData, done: () => void = () => undefined): void {
      if (this.#untouched.has(data)) done();
      else super.touch(sid, data, done);
    }
  }

  return new Store({
    pool,
    tableName: 'session',
    createTableIfMissing: false,
    errorLog: (...details) => ctx.log.error({ details }, 'session store'),
  });
}
