/**
 * The part of the conformance suite about answers that are not the platform's: it has taken the post, and something in
 * between, a gateway or a firewall, answers for it. Then nothing may be called failed or published.
 */
import { describe, expect, test } from 'vitest';
import type { Content } from '../domain/content-rules.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { HttpAnswer, HttpClient } from '../platforms/http-client.ts';

type Rewrite = (answer: HttpAnswer) => Promise<HttpAnswer>;

export interface RewritingHttp {
  http: HttpClient;
  /** What is done to the answer to the next request, which reaches the platform as it is. */
  rewriteNext(rewrite: Rewrite): void;
}

export function rewritingHttp(client: HttpClient): RewritingHttp {
  let next: Rewrite | null = null;
  return {
    http: {
      async send(request, signal, onProgress) {
        const rewrite = next;
        next = null;
        const result = await client.send(request, signal, onProgress);
        return rewrite !== null && result.kind === 'answer' ? rewrite(result) : result;
      },
      close: () => client.close(),
    },
    rewriteNext(rewrite) {
      next = rewrite;
    },
  };
}

export interface Suite {
  rewriteNext: RewritingHttp['rewriteNext'];
  /** A text that was not posted yet. */
  post(): Content;
  /** Sends it. `arrived`: how many requests reached the create endpoint. */
  send(content: Content): Promise<{ outcome: Outcome; arrived: number }>;
  /** The ids of what is live with this text. */
  liveIds(text: string): Promise<string[]>;
}

/** A 401 and a 429 are not among them: platforms answer those without a word as well. */
const BARE: readonly (readonly [number, string])[] = [
  [400, ''],
  [402, '{}'],
  [403, '<html>Forbidden</html>'],
  [404, '<html>Not Found</html>'],
  [413, ''],
  [422, '{"message":"no"}'],
  [425, '{}'],
  [499, '{}'],
];

/** @param suite asked within each test, when everything is connected */
export function describeForeignAnswers(suite: () => Suite): void {
  describe('an answer that something in between gives for the platform', () => {
    test.each(BARE)('%i %j to a post that was taken is unknown, and says its status', async (status, body) => {
      const { rewriteNext, post, send, liveIds } = suite();
      const content = post();
      rewriteNext(async (answer) => ({ ...answer, status, headers: {}, body }));
      const { outcome, arrived } = await send(content);
      expect(outcome).toMatchObject({
        kind: 'unknown',
        httpStatus: status,
        errorMessage: expect.stringContaining(`HTTP ${status}`),
      });
      expect(arrived).toBe(1);
      expect(await liveIds(content.text)).toHaveLength(1);
    });

    test.each(['<html>', 'ok', '-'])(
      'a success with %j for an id is unknown, and nowhere kept as one',
      async (noId) => {
        const { rewriteNext, post, send, liveIds } = suite();
        const content = post();
        rewriteNext(async ({ headers, body, ...answer }) => {
          const [id] = await liveIds(content.text);
          if (id === undefined) return expect.unreachable('the platform did not take the post');
          const without = (text: string) => text.replaceAll(id, noId);
          const rewritten = Object.entries(headers).map(([name, value]) => [name, without(value)]);
          return { ...answer, headers: Object.fromEntries(rewritten), body: without(body) };
        });
        const { outcome, arrived } = await send(content);
        expect(outcome).toMatchObject({ kind: 'unknown', errorCode: 'accepted-without-id' });
        expect(JSON.stringify(outcome)).not.toContain(JSON.stringify(noId));
        expect(arrived).toBe(1);
      },
    );
  });
}
