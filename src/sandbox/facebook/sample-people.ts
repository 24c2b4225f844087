/** Who exists in the sandbox's Facebook before anybody has made up somebody: people, and the Pages they manage. */
export interface Person {
  /** Facebook's app-scoped user id. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Page {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly category: string;
  /** What each of its people may do there, by their id. */
  readonly tasks: Readonly<Record<string, readonly string[]>>;
  /** A Page that a Business owns is listed only with `business_management`. */
  readonly ownedByBusiness: boolean;
}

export const ALL_TASKS = ['ADVERTISE', 'ANALYZE', 'CREATE_CONTENT', 'MESSAGING', 'MODERATE', 'MANAGE'];

const AMARA = '10210000000000011';
const JONAS = '10210000000000022';
const MEI = '10210000000000033';
const RAFAEL = '10210000000000044';

/** One Page, several, none, and one on which he may only look. */
export const SAMPLE_PEOPLE: readonly Person[] = [
  { id: AMARA, name: 'Amara Okafor', email: 'amara.okafor@example.com' },
  { id: JONAS, name: 'Jonas Lindqvist', email: 'jonas.lindqvist@example.com' },
  { id: MEI, name: 'Mei Tanaka', email: 'mei.tanaka@example.com' },
  { id: RAFAEL, name: 'Rafael Duarte', email: 'rafael.duarte@example.com' },
];

export const SAMPLE_PAGES: readonly Page[] = [
  {
    id: '102000000000101',
    name: 'Northwind Coffee Roasters',
    username: 'northwindcoffee',
    category: 'Coffee shop',
    tasks: { [AMARA]: ALL_TASKS, [JONAS]: ['ANALYZE', 'CREATE_CONTENT', 'MESSAGING', 'MODERATE'] },
    ownedByBusiness: false,
  },
  {
    id: '102000000000202',
    name: 'Harbour City Library',
    username: 'harbourcitylibrary',
    category: 'Library',
    tasks: { [JONAS]: ALL_TASKS },
    ownedByBusiness: false,
  },
  {
    id: '102000000000303',
    name: 'Riverside Cycling Club',
    username: 'riversidecycling',
    category: 'Sports club',
    tasks: { [JONAS]: ['ADVERTISE', 'ANALYZE'], [RAFAEL]: ['ANALYZE'] },
    ownedByBusiness: false,
  },
  {
    id: '102000000000404',
    name: 'Quayside Theatre',
    username: 'quaysidetheatre',
    category: 'Theatre',
    tasks: { [JONAS]: ALL_TASKS },
    ownedByBusiness: true,
  },
];

/** `MANAGE` includes what `CREATE_CONTENT` allows. */
export function mayCreateContent(page: Page, personId: string): boolean {
  const tasks = page.tasks[personId] ?? [];
  return tasks.includes('CREATE_CONTENT') || tasks.includes('MANAGE');
}

/** Meta, "Page Feed", reading: one of these three. */
export function mayReadFeed(page: Page, personId: string): boolean {
  return mayCreateContent(page, personId) || (page.tasks[personId] ?? []).includes('MODERATE');
}
