/**
 * How much of their allowance an app and a Page have used, which every reply says in its headers.
 *
 * Calls with a Page's token count for the Page: 4,800 per engaged person and day. The others count for the app: 200 per
 * person and hour. Real windows roll; here they are the day and the hour of the clock, in UTC, so that a test can tell when
 * one ends.
 */
import type { FacebookContext } from './facebook-context.ts';
import type { Token } from './facebook-state.ts';
import { GraphError } from './graph-error.ts';

const PAGE_CALLS = 4_800;
const APP_CALLS = 200;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Window {
  readonly bucket: string;
  readonly limit: number;
  readonly endsAt: number;
}

/** Counts a call with this token. @throws GraphError 80001 for a Page and 4 for the app when the allowance is used up */
export function spendCall(context: FacebookContext, token: Token | null): void {
  const pageId = token?.pageId ?? null;
  const { bucket, limit } = pageId === null ? appWindow(context) : pageWindow(context, pageId);
  if (context.state.callsIn(bucket) >= limit) throw pageId === null ? appLimit() : pageCallsLimit();
  context.write({ platform: 'facebook', kind: 'call.counted', bucket });
}

/** @param pageId the Page whose token was used; null for another token or none */
export function usageHeaders(context: FacebookContext, pageId: string | null): Record<string, string> {
  const app = share(context, appWindow(context));
  const appUsage = { 'x-app-usage': JSON.stringify({ call_count: app, total_cputime: app, total_time: app }) };
  if (pageId === null) return appUsage;
  const window = pageWindow(context, pageId);
  const used = share(context, window);
  const minutesLeft = Math.ceil((window.endsAt - context.clock.now().getTime()) / 60_000);
  const usage = {
    type: 'pages',
    call_count: used,
    total_cputime: used,
    total_time: used,
    estimated_time_to_regain_access: used >= 100 ? minutesLeft : 0,
  };
  return { ...appUsage, 'x-business-use-case-usage': JSON.stringify({ [pageId]: [usage] }) };
}

export function appLimit(): GraphError {
  return new GraphError(4, '(#4) Application request limit reached', { status: 403, transient: true });
}

export function pageCallsLimit(): GraphError {
  const message =
    '(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.';
  return new GraphError(80001, message, { status: 403 });
}

/** What the headers say together with a refusal for too many calls: full, and for a Page a minute to wait. */
export function exhaustedUsage({ code }: GraphError, pageId: string): Record<string, string> {
  const full = { call_count: 100, total_cputime: 100, total_time: 100 };
  if (code === 4) return { 'x-app-usage': JSON.stringify(full) };
  if (code !== 80001) return {};
  const usage = { type: 'pages', ...full, estimated_time_to_regain_access: 1 };
  return { 'x-business-use-case-usage': JSON.stringify({ [pageId]: [usage] }) };
}

function appWindow({ clock, options }: FacebookContext): Window {
  const hour = Math.floor(clock.now().getTime() / HOUR_MS);
  return { bucket: `app ${hour}`, limit: APP_CALLS * options.appUsers, endsAt: (hour + 1) * HOUR_MS };
}

function pageWindow({ clock, options }: FacebookContext, pageId: string): Window {
  const day = Math.floor(clock.now().getTime() / DAY_MS);
  return { bucket: `${pageId} ${day}`, limit: PAGE_CALLS * options.engagedUsers, endsAt: (day + 1) * DAY_MS };
}

/** Percent, as Graph counts it. */
function share({ state }: FacebookContext, { bucket, limit }: Window): number {
  return Math.floor((100 * state.callsIn(bucket)) / limit);
}
