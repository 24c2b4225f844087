/** HTML in which every inserted value is escaped unless it was made here. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

type Insert = string | number | Html | readonly Html[] | null | false;

/** Strings are escaped, `Html` and lists of it are inserted as they are, null and false are nothing. */
export function html(parts: TemplateStringsArray, ...inserts: Insert[]): Html {
  return new Html(parts.reduce((markup, part, index) => markup + insert(inserts[index - 1] ?? null) + part));
}

function insert(value: Insert): string {
  if (value === null || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map((item) => item.markup).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
