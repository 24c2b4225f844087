/**
 * npm run superuser -- --email E
 * Prints a one-time link with which the person with this e-mail address becomes a superuser and chooses a password.
 */
import { parseArgs } from 'node:util';
import { inviteSuperuser } from '../src/identity/invitations.ts';
import { runCommand } from './command.ts';

const { values } = parseArgs({ options: { email: { type: 'string' } }, strict: false });
const email = values.email;

if (typeof email !== 'string' || email === '') {
  console.error('Say whose: npm run superuser -- --email ann@example.com');
  process.exitCode = 1;
} else {
  await runCommand(async ({ ctx }) => {
    const { url } = await inviteSuperuser(ctx, email);
    console.log(`Give this link to ${email}. It works once, within 24 hours:\n\n  ${url}\n`);
    return 0;
  });
}
