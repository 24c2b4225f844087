/** Instants in sentences, by the clock of one zone. Pure. */

/** Such as `3 October`; with the year when it is another one than now: `3 October 2027`. */
export function dayInWords(at: Date, now: Date, timeZone: string): string {
  const year = (date: Date) => new Intl.DateTimeFormat('en-GB', { timeZone, year: 'numeric' }).format(date);
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'long',
    ...(year(at) === year(now) ? {} : { year: 'numeric' }),
  }).format(at);
}

/** Such as `3 October, 09:00 CEST`. */
export function momentInWords(at: Date, now: Date, timeZone: string): string {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    hourCycle: 'h23',
  });
  return `${dayInWords(at, now, timeZone)}, ${clock.format(at)}`;
}
