import type { Forecast } from './use-standing-orders.ts';

/** What releasing a hold will do, in words. */
export function releaseText(forecast: Forecast | null): string {
  if (forecast === null) return 'What waits for it goes on.';
  const { goOn, stay } = forecast;
  const going =
    goOn === 0
      ? 'Nothing waits for this hold alone, so nothing is sent because of it now.'
      : `${count(goOn, 'publication goes', 'publications go')} on: what is in time at its time, what is overdue one after another. What is later than its late limit is treated by its late rule: sent all the same, kept for a decision, or marked as missed.`;
  const staying =
    stay === 0
      ? ''
      : ` ${count(stay, 'other one stays', 'others stay')} on hold: due before the database was restored, so possibly out already. Look at the account, then send each again or give it up under Publications.`;
  return going + staying;
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}
