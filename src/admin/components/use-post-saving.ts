/** Saves what is in the composer, and schedules it when wanted. */
import { useNotice } from 'adminjs';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { api, type PanelRecord } from './panel-client.ts';
import { type Draft, missingFor, valuesOf } from './post-draft.ts';
import type { Unsaved } from './save-problem.tsx';
import { savedVersion } from './saved-version.ts';

type Then = 'stay-draft' | 'schedule';

const NO_PROBLEM: Unsaved = { message: '', kind: null };

/** A post that was saved but could not be scheduled is edited on, not made twice. */
export function usePostSaving(existing: PanelRecord | null) {
  const [saved, setSaved] = useState(
    existing === null ? null : { id: existing.id, updatedAt: existing.params.updatedAt as unknown },
  );
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [unsaved, setUnsaved] = useState<Unsaved>(NO_PROBLEM);
  const [intended, setIntended] = useState<Then>('stay-draft');
  const [savedAsDraft, setSavedAsDraft] = useState(false);
  const [busy, setBusy] = useState(false);
  const [dirty, setDirty] = useState(false);
  const notify = useNotice();
  const navigate = useNavigate();
  useEffect(() => {
    if (!dirty) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [dirty]);

  const fail = (why: Unsaved, fields: Record<string, string>, draftIsSaved: boolean) => {
    setErrors(fields);
    setUnsaved(why);
    setSavedAsDraft(draftIsSaved);
    setBusy(false);
  };
  const saveOver = async (base: typeof saved, draft: Draft, then: Then) => {
    const missing = missingFor(draft, then);
    const first = Object.values(missing)[0];
    if (first !== undefined) return fail({ message: first, kind: null }, missing, false);
    setBusy(true);
    setIntended(then);
    const values = valuesOf(draft);
    const answer =
      base === null
        ? await api.create('Post', { ...values, team: draft.team })
        : await api.act('Post', base.id, 'edit', { ...values, updatedAt: base.updatedAt });
    if (!answer.ok || answer.record === null) {
      const { message, problem } = answer;
      const newer = base !== null && problem === 'conflict' && (await isNewer(base));
      return fail({ message, kind: newer ? 'newer-version' : problem }, answer.fields, false);
    }
    const { id, params } = answer.record;
    setSaved({ id, updatedAt: params.updatedAt });
    setDirty(false);
    const last = then === 'schedule' ? await api.act('Post', id, 'schedule') : answer;
    if (!last.ok) return fail({ message: last.message, kind: last.problem }, last.fields, true);
    notify({ message: last.message, type: 'success' });
    navigate(`/admin/resources/Post/records/${id}/show`);
  };
  /** After a look at what somebody else saved: over it. */
  const saveAnyway = async (draft: Draft) => {
    if (saved === null) return;
    setBusy(true);
    await saveOver({ ...saved, updatedAt: (await savedVersion('Post', saved.id)) ?? saved.updatedAt }, draft, intended);
  };
  /** What is being corrected is no longer wrong until the server says so again. */
  const touch = (fields: readonly string[]) => {
    setDirty(true);
    const left = Object.entries(errors).filter(([field]) => !fields.includes(field));
    if (left.length === Object.keys(errors).length) return;
    setErrors(Object.fromEntries(left));
    setUnsaved({ message: left[0]?.[1] ?? '', kind: null });
  };
  const save = (draft: Draft, then: Then) => saveOver(saved, draft, then);
  return { id: saved?.id ?? null, save, saveAnyway, errors, unsaved, savedAsDraft, busy, touch };
}

/** A conflict may have other reasons: a post that was published meanwhile cannot be saved at all. */
async function isNewer(base: { id: string; updatedAt: unknown }): Promise<boolean> {
  const version = await savedVersion('Post', base.id);
  return version !== null && version !== base.updatedAt;
}
