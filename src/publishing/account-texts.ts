/** Another text for one of the accounts of a post. */

/** By connected-account id. As typed; an empty one means: the post's own text. */
export type TextsInput = Readonly<Record<string, string | null>>;

/** By connected-account id; no entry: the post's own text. */
export type AccountTexts = Readonly<Record<string, string>>;

/**
 * @param input all texts there are to be; undefined leaves them as they are
 * @param accountIds the accounts the post goes to now
 * @param fields gets a message at `texts` for a text whose account is not among them
 */
export function readAccountTexts(
  input: TextsInput | undefined,
  before: AccountTexts,
  accountIds: readonly string[],
  fields: Record<string, string>,
): AccountTexts {
  if (input === undefined)
    return Object.fromEntries(Object.entries(before).filter(([accountId]) => accountIds.includes(accountId)));
  const texts = Object.entries(input).flatMap(([accountId, typed]) => {
    const text = (typed ?? '').replace(/\r\n?/g, '\n');
    return text.trim() === '' ? [] : [[accountId.toLowerCase(), text] as const];
  });
  if (texts.some(([accountId]) => !accountIds.includes(accountId)))
    fields.texts =
      'There is a text for an account that this post does not go to. Choose the account, or remove its text.';
  return Object.fromEntries(texts);
}

export function textsOf(publications: readonly { accountId: string; text: string | null }[]): AccountTexts {
  return Object.fromEntries(
    publications.flatMap(({ accountId, text }) => (text === null ? [] : [[accountId, text] as const])),
  );
}

export function sameTexts(some: AccountTexts, others: AccountTexts): boolean {
  const ids = Object.keys(some);
  return ids.length === Object.keys(others).length && ids.every((id) => some[id] === others[id]);
}
