/**
 * npm run superuser -- --email E [--remove-second-factor]
 * Prints a one-time link with which the person with this e-mail address becomes a superuser and chooses a password. With
 * --remove-second-factor it also switches that person's two-step sign-in off: for the one superuser who lost phone and
 * recovery codes.
 */
import { parseArgs } from 'node:util';
import { inviteSuperuser } from '../src/identity/invitations.ts';
import { removeSecondFactorByOperator } from '../src/identity/second-factor.ts';
import { runCommand } from './command.ts';

const { values } = parseArgs({
  options: { email: { type: 'string' }, 'remove-second-factor': { type: 'boolean' } },
  strict: false,
});
const email = values.email;

if (typeof email !== 'string' || email === '') {
  console.error('Say whose: npm run superuser -- --email ann@example.com');
  process.exitCode = 1;
} else {
  await runCommand(async ({ ctx }) => {
    if (values['remove-second-factor'] === true) {
      await removeSecondFactorByOperator(ctx, email);
      console.log(`Two-step sign-in of ${email} is switched off.`);
    }
    const { url } = await inviteSuperuser(ctx, email);
    console.log(`Give this link to ${email}. It works once, within 24 hours:\n\n  ${url}\n`);
    return 0;
  });
}
