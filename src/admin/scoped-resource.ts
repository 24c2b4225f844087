/**
 * What AdminJS reads the database through. Four promises:
 *  - nothing is read without a signed-in person, and nothing outside what that person may see (the `scope` of the spec is
 *    part of every WHERE);
 *  - only the declared columns are selected, so a secret column can neither be shown, filtered, sorted nor searched;
 *  - nothing is written here, ever: actions call the verbs of publishing/, accounts/ and identity/;
 *  - whoever is handed rows that show the words of posts is told to `onPostsShown` first. Not so for one record alone: the
 *    actions of one record know what they show of it.
 */
import { Resource } from '@adminjs/prisma';
import { type ActionContext, BaseRecord, type Filter } from 'adminjs';
import { validate as isUuid } from 'uuid';
import type { Database } from '../database/client.ts';
import type { Actor, ResourceName, Subject } from '../domain/access.ts';
import { Refusal } from '../domain/refusal.ts';
import { type ActingContext, actorOf } from './acting.ts';
import { type Datamodel, enumValues, type FieldMetadata, visibleModel } from './model-metadata.ts';
import type { Showing, ShownPost } from './post-viewing.ts';
import { filterWhere, foreignKey, orderBy, type QueryRules, searchWhere, type Where } from './resource-query.ts';

/** A row as selected: the declared columns, the foreign keys, and what `select` of the spec adds. */
export type Row = Record<string, unknown> & { id: string };

export interface ResourceSpec {
  name: ResourceName;
  /** Everything that may leave the database. */
  columns: readonly string[];
  filters: readonly string[];
  /** Text columns that a filter compares as a whole, not by a part; commas separate several values. */
  exact?: readonly string[];
  searchColumns: readonly string[];
  /** Search columns that hold small letters only. */
  lowercase?: readonly string[];
  /** Further things to select, for `subject`, `extras` and `facts`; they do not leave the server by themselves. */
  select?: Record<string, unknown>;
  /** What this person may read at all. */
  scope(actor: Actor): Where;
  /** Whose record it is and of which team. */
  subject(row: Row, actor: Actor): Subject;
  /** The posts whose words a row shows, by itself or by the record it refers to. */
  posts?(row: Row): readonly ShownPost[];
  /** Values shown beside the columns, such as the accounts of a post. */
  extras?(row: Row): Record<string, unknown>;
}

export type OnPostsShown = (actor: Actor, showing: Showing, posts: readonly ShownPost[]) => Promise<void>;

/** Beyond this a list says "10,000+": counting a whole table for every page would cost more than the page. */
export const COUNT_LIMIT = 10_000;

/** Rows per query while all of them are walked through. */
const WALK_PAGE = 1_000;

/** A record that knows how it stands to the person who read it. */
export class ScopedRecord extends BaseRecord {
  readonly subject: Subject;

  constructor(params: Record<string, unknown>, resource: ScopedResource, subject: Subject) {
    super(params, resource);
    this.subject = subject;
  }

  /** Of a page on which some references may be seen and others not, AdminJS hands over the bare ids of the latter. */
  override populate(path: string, referred?: BaseRecord | string | null): void {
    super.populate(path, referred instanceof BaseRecord ? referred : null);
  }
}

/** What is used of a Prisma model. */
interface ReadModel {
  findMany(query: unknown): Promise<Row[]>;
  findFirst(query: unknown): Promise<Row | null>;
  count(query: unknown): Promise<number>;
}

export class ScopedResource extends Resource {
  private readonly spec: ResourceSpec;
  private readonly onPostsShown: OnPostsShown;
  private readonly rules: QueryRules;
  private readonly rows: ReadModel;
  private readonly selection: Record<string, unknown>;
  /** Totals that a page already told, for the count that AdminJS asks for after it: a second search would take as long. */
  private readonly totals = new WeakMap<Filter, number>();

  constructor(db: Database, datamodel: Datamodel, spec: ResourceSpec, onPostsShown: OnPostsShown) {
    const model = visibleModel(datamodel, spec.name, spec.columns);
    // The library's types name a Prisma file that version 7 does not ship; the shapes are the same.
    super({ model: model as never, client: db, clientModule: { Prisma: { dmmf: { datamodel } } } });
    this.spec = spec;
    this.onPostsShown = onPostsShown;
    this.rules = {
      fields: model.fields,
      filters: spec.filters,
      exact: spec.exact ?? [],
      searchColumns: spec.searchColumns,
      lowercase: spec.lowercase ?? [],
      enumValues: (type) => enumValues(datamodel, type),
    };
    this.rows = readModel(this.manager);
    this.selection = { ...Object.fromEntries(model.fields.map((field) => [columnOf(field), true])), ...spec.select };
  }

  override async count(filter: Filter, context?: ActionContext): Promise<number> {
    const actor = actorOf(context);
    return (
      this.totals.get(filter) ??
      this.rows.count({ where: this.where(actor, ...this.filtersOf(filter)), take: COUNT_LIMIT })
    );
  }

  override async find(
    filter: Filter,
    options: { limit?: number; offset?: number; sort?: { sortBy?: string; direction?: 'asc' | 'desc' } } = {},
    context?: ActionContext,
  ): Promise<BaseRecord[]> {
    const actor = actorOf(context);
    const { offset = 0, limit = 10 } = options;
    const query = {
      where: this.where(actor, ...this.filtersOf(filter)),
      skip: offset,
      take: limit,
      orderBy: orderBy(this.rules, options.sort ?? {}),
    };
    const records = await this.read(actor, query, this.showing(context, filtersInWords(filter)));
    // A page that is not full is the last one; an empty one behind the end tells nothing.
    const isLast = records.length < limit && (records.length > 0 || offset === 0);
    if (isLast) this.totals.set(filter, Math.min(offset + records.length, COUNT_LIMIT));
    return records;
  }

  /** Records with this text in a search column, for reference pickers. */
  async search(text: string, page: { limit: number; offset: number }, context: ActingContext): Promise<BaseRecord[]> {
    const actor = actorOf(context);
    const newestFirst = orderBy(this.rules, {});
    const query = {
      where: this.where(actor, searchWhere(this.rules, text)),
      skip: page.offset,
      take: page.limit,
      orderBy: newestFirst,
    };
    return this.read(actor, query, { where: `${this.spec.name} search`, filter: text === '' ? [] : [text] });
  }

  /**
   * Every row that matches, oldest first (ids grow with time), page by page: constant memory, however many there are.
   * @param select further things to select
   */
  async *walk(filter: Filter, context: ActingContext, select: Record<string, unknown> = {}): AsyncGenerator<Row[]> {
    const actor = actorOf(context);
    const conditions = this.filtersOf(filter);
    for (let after: Where = {}; ; ) {
      const rows = await this.rows.findMany({
        where: this.where(actor, ...conditions, after),
        select: { ...this.selection, ...select },
        orderBy: { id: 'asc' },
        take: WALK_PAGE,
      });
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < WALK_PAGE) return;
      after = { id: { gt: last.id } };
    }
  }

  /** How many match, however many that are. */
  async countAll(filter: Filter, context: ActingContext): Promise<number> {
    return this.rows.count({ where: this.where(actorOf(context), ...this.filtersOf(filter)) });
  }

  override async findOne(id: string | number, context?: ActingContext): Promise<ScopedRecord | null> {
    const actor = actorOf(context);
    if (!isUuid(id)) return null;
    const row = await this.rows.findFirst({ where: this.where(actor, { id }), select: this.selection });
    return row === null ? null : this.record(row, actor);
  }

  override async findMany(ids: (string | number)[], context?: ActionContext): Promise<BaseRecord[]> {
    const actor = actorOf(context);
    const query = { where: this.where(actor, { id: { in: ids.filter((id) => isUuid(id)) } }) };
    return this.read(actor, query, this.showing(context, []));
  }

  override create(): Promise<never> {
    return refuseWrite();
  }

  override update(): Promise<never> {
    return refuseWrite();
  }

  override delete(): Promise<never> {
    return refuseWrite();
  }

  private where(actor: Actor, ...conditions: Where[]): Where {
    return { AND: [this.spec.scope(actor), ...conditions] };
  }

  private filtersOf(filter: Filter): Where[] {
    return Object.values(filter.filters).map(({ path, value }) => filterWhere(this.rules, path, value));
  }

  /** Null for the actions of one record, which AdminJS lets refer to others. */
  private showing(context: ActionContext | undefined, filter: readonly string[]): Showing | null {
    return context?.action?.isRecordType() ? null : { where: `${this.spec.name} list`, filter };
  }

  private async read(actor: Actor, query: Record<string, unknown>, showing: Showing | null): Promise<ScopedRecord[]> {
    const rows = await this.rows.findMany({ ...query, select: this.selection });
    const posts = rows.flatMap((row) => this.spec.posts?.(row) ?? []);
    if (showing !== null && posts.length > 0) await this.onPostsShown(actor, showing, posts);
    return rows.map((row) => this.record(row, actor));
  }

  private record(row: Row, actor: Actor): ScopedRecord {
    return new ScopedRecord(
      { ...this.prepareReturnValues(row), ...this.spec.extras?.(row) },
      this,
      this.spec.subject(row, actor),
    );
  }
}

function filtersInWords(filter: Filter): string[] {
  return Object.values(filter.filters).map(({ path, value }) =>
    typeof value === 'object' ? `${path} ${value.from ?? ''} to ${value.to ?? ''}` : `${path}=${value}`,
  );
}

/** The library types a model by a Prisma file that version 7 does not ship. */
function readModel(manager: object): ReadModel {
  return manager as ReadModel;
}

function columnOf(field: FieldMetadata): string {
  return field.kind === 'object' ? foreignKey(field) : field.name;
}

async function refuseWrite(): Promise<never> {
  throw new Refusal('forbidden', 'This cannot be changed here.');
}
