/**
 * npm run console
 * A prompt with the app's context: `ctx`, `db` (Prisma), `boss` (pg-boss). `await` works. Leave with .exit
 */
import { start } from 'node:repl';
import { runCommand } from './command.ts';

await runCommand(({ ctx }) => {
  console.log(
    'ctx, db and boss are here; for instance: await db.publication.count({ where: { status: "unconfirmed" } })',
  );
  const prompt = start({ prompt: 'scheduler> ' });
  Object.assign(prompt.context, { ctx, db: ctx.db, boss: ctx.boss });
  return new Promise((resolve) => prompt.on('exit', () => resolve(0)));
});
