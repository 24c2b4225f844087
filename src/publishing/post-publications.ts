/** The publications of a post that has not left: one per chosen account, with the text for it. */
import type { Tx } from '../database/client.ts';
import { Refusal } from '../domain/refusal.ts';
import type { AccountTexts } from './account-texts.ts';
import type { DeliverySettings } from './delivery-settings.ts';
import type { PostForChange } from './post-access.ts';

export async function addPublications(
  tx: Tx,
  post: { id: string; teamId: string },
  accountIds: readonly string[],
  texts: AccountTexts,
  delivery: DeliverySettings,
): Promise<void> {
  await tx.publication.createMany({
    data: accountIds.map((accountId) => ({
      postId: post.id,
      teamId: post.teamId,
      accountId,
      text: texts[accountId] ?? null,
      ...delivery,
    })),
  });
}

/**
 * Takes off the accounts that are no longer chosen, adds the new ones, and writes the texts of those that stay.
 * @throws Refusal for an account that was tried already: it stays on record
 */
export async function replaceAccounts(
  tx: Tx,
  post: PostForChange,
  accountIds: readonly string[],
  texts: AccountTexts,
  delivery: DeliverySettings,
): Promise<void> {
  const removed = post.publications.filter((publication) => !accountIds.includes(publication.accountId));
  for (const publication of removed) {
    const attempts = await tx.publishAttempt.count({ where: { publicationId: publication.id } });
    if (attempts > 0) {
      const message = `${publication.account.displayName} was already tried and stays on record. Cancel that publication instead of removing the account.`;
      throw new Refusal('invalid', message, { accounts: message });
    }
  }
  await tx.publication.deleteMany({ where: { id: { in: removed.map((publication) => publication.id) } } });
  const staying = post.publications.filter((publication) => accountIds.includes(publication.accountId));
  for (const { id, accountId, text } of staying) {
    const wanted = texts[accountId] ?? null;
    if (wanted !== text) await tx.publication.update({ where: { id }, data: { text: wanted } });
  }
  const present = staying.map((publication) => publication.accountId);
  await addPublications(
    tx,
    post,
    accountIds.filter((id) => !present.includes(id)),
    texts,
    delivery,
  );
}
