import type { AppContext } from '../context.ts';

/** Whether one can sign in with LinkedIn here, and whether the sandbox plays LinkedIn. */
export function linkedInMode(ctx: AppContext): 'real' | 'sandbox' | 'absent' {
  const { linkedin } = ctx.platforms;
  if (linkedin === undefined || ctx.config.platforms.linkedin.clientId === null) return 'absent';
  return linkedin.sandboxed ? 'sandbox' : 'real';
}
