/**
 * Who is to die, or to stand still, where: in a directory that the processes of a crash test share, a file named after a
 * publication lists steps, one a line. Whoever reaches the first of them for that publication crosses it off and kills
 * itself, or stops itself (SIGSTOP) until somebody lets it go on.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublishStep } from '../context.ts';

export function orderCrash(directory: string, publicationId: string, steps: readonly PublishStep[]): void {
  writeFileSync(join(directory, publicationId), steps.map((step) => `${step}\n`).join(''));
}

export function orderFreeze(directory: string, publicationId: string, step: PublishStep): void {
  writeFileSync(join(directory, publicationId), `${FREEZE}${step}\n`);
}

const FREEZE = 'freeze at ';

/** Whether everything that was ordered has happened. */
export function crashesHappened(directory: string, publicationId: string): boolean {
  return readFileSync(join(directory, publicationId), 'utf8') === '';
}

/** For `onStep` of the process that is to die. Synchronous, so that nothing happens between the step and the death. */
export function obeyCrashOrders(directory: string): (step: PublishStep, publicationId: string) => void {
  return (step, publicationId) => {
    const file = join(directory, publicationId);
    if (!existsSync(file)) return;
    const orders = readFileSync(file, 'utf8');
    const [first = ''] = orders.split('\n');
    if (first !== step && first !== `${FREEZE}${step}`) return;
    writeFileSync(file, orders.slice(first.length + 1));
    process.kill(process.pid, first === step ? 'SIGKILL' : 'SIGSTOP');
  };
}
