/** Writing a post: text, images, link, accounts, time, with a preview beside it. Saves a draft, or saves and schedules in one go. */
import { Icon } from '@adminjs/design-system';
import { type ActionProps, useCurrentAdmin } from 'adminjs';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Link } from 'react-router-dom';
import { isPublicHttpUrl } from '../../domain/content-rules.ts';
import { contentWarnings } from '../../domain/content-warnings.ts';
import { isPlatform, type Platform } from '../../domain/platform-name.ts';
import { AccountPicker } from './account-picker.tsx';
import { AccountTexts } from './account-texts.tsx';
import { type Delivery, DeliveryField } from './delivery-field.tsx';
import { FieldWarning, SelectField, TextField } from './form-fields.tsx';
import { ImageField } from './image-field.tsx';
import { useTimeZone } from './moments.tsx';
import { Card, Page } from './page-frame.tsx';
import { api, type PanelRecord } from './panel-client.ts';
import { type Draft, draftOf } from './post-draft.ts';
import { PostPreview } from './post-preview.tsx';
import { PostTextField } from './post-text-field.tsx';
import { SaveProblem } from './save-problem.tsx';
import { ScheduleField } from './schedule-field.tsx';
import { useFileDrop } from './use-file-drop.ts';
import { useImageUploads } from './use-image-uploads.ts';
import { useOwnTeam } from './use-own-team.ts';
import { usePostSaving } from './use-post-saving.ts';

/** Statuses in which a saved change stays scheduled by itself. */
const UNDER_WAY = ['scheduled', 'awaiting_approval', 'retrying', 'held'];

export default function PostComposer({ record: given, action }: ActionProps) {
  const existing = action.name === 'edit' && given !== undefined ? (given as PanelRecord) : null;
  const [person] = useCurrentAdmin();
  const zone = useTimeZone();
  const [draft, setDraft] = useState<Draft>(() => draftOf(existing, zone));
  // What is in the post now, for images that arrive later.
  const latest = useRef(draft);
  latest.current = draft;
  const { accounts, teams } = useChoices();
  const saving = usePostSaving(existing);
  const ownTeam = useOwnTeam(teams);
  const team = existing !== null ? String(existing.params.team) : draft.team === '' ? (ownTeam ?? '') : draft.team;
  const offered = accounts.filter((account) => account.params.team === team);
  const chosen = offered.filter((account) => draft.accounts.includes(account.id));
  const platforms = platformsOf(chosen);
  const sharing = chosen.filter(({ id }) => draft.texts[id] === undefined);
  const change = (part: Partial<Draft>, ...fields: readonly string[]) => {
    setDraft((before) => ({ ...before, ...part }));
    saving.touch(fields);
  };
  const images = useImageUploads(team, (image) => {
    if (latest.current.images.some(({ id }) => id === image.id)) return 'This image is in the post already.';
    latest.current = { ...latest.current, images: [...latest.current.images, image] };
    change({ images: latest.current.images }, 'media');
    return null;
  });
  const dropping = useFileDrop(images.add);
  const rules = teams.find(({ id }) => id === team)?.params;
  const status = existing === null ? 'draft' : String(existing.params.status);
  // Approval was switched off while it waited: only scheduling lets it go now.
  const waitsForNobody = status === 'awaiting_approval' && rules?.requiresApproval === false;
  const staysScheduled = UNDER_WAY.includes(status) && !waitsForNobody;
  // An image that is still coming in would be missing from what is saved.
  const waiting = saving.busy || images.busy;
  const save = (then: 'stay-draft' | 'schedule') => saving.save({ ...draft, team }, then);
  const title = existing === null ? 'New post' : 'Edit post';
  const backTo = existing === null ? '/admin/resources/Post' : `/admin/resources/Post/records/${existing.id}/show`;
  return (
    <Page name={title} title={title} back={{ to: backTo, label: existing === null ? 'Posts' : 'Post' }}>
      <SaveProblem
        unsaved={saving.unsaved}
        fields={Object.keys(saving.errors).length}
        page={saving.id === null ? null : `/admin/resources/Post/records/${saving.id}/show`}
        busy={saving.busy}
        onSaveAnyway={() => void saving.saveAnyway({ ...draft, team })}
      >
        {saving.savedAsDraft
          ? 'The post itself is saved as a draft.'
          : 'Nothing was saved; everything you typed is still here.'}
      </SaveProblem>
      <form
        className={`ss-composer${dropping.over ? ' ss-dropping' : ''}`}
        {...dropping.handlers}
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void save('stay-draft');
        }}
      >
        <div className="ss-composer-main">
          <Card>
            {existing === null && teams.length > 1 ? (
              <SelectField
                name="team"
                label="Team"
                required
                value={team}
                error={saving.errors.team}
                options={teams.map(({ id, title: label }) => ({ value: id, label }))}
                // Accounts and images belong to a team.
                onChange={(next) => change({ team: next, accounts: [], images: [] }, 'team', 'accounts', 'media')}
              />
            ) : null}
            <PostTextField
              value={draft.text}
              linkUrl={draft.linkUrl}
              images={draft.images}
              platforms={chosen.length > 0 && sharing.length === 0 ? null : [...new Set(platformsOf(sharing))]}
              error={saving.errors.text}
              onChange={(text) => change({ text }, 'text')}
            />
            <TextField
              name="linkUrl"
              label="Link"
              type="url"
              value={draft.linkUrl}
              placeholder="https://"
              error={saving.errors.linkUrl}
              onChange={(linkUrl) => change({ linkUrl }, 'linkUrl')}
            />
            <LinkWarnings linkUrl={draft.linkUrl.trim()} platforms={platforms} />
          </Card>
          <Card>
            <ImageField
              images={draft.images}
              uploads={images.uploads}
              platforms={platforms}
              error={saving.errors.media}
              onFiles={images.add}
              onDismiss={images.dismiss}
              onChange={(next) => change({ images: next }, 'media')}
            />
          </Card>
          <Card>
            <AccountPicker
              accounts={offered}
              chosen={draft.accounts}
              authorId={String(existing?.params.author ?? person?.id ?? '')}
              error={saving.errors.accounts}
              onChange={(next) => change({ accounts: next }, 'accounts', ...(next.length === 0 ? DELIVERY_FIELDS : []))}
            />
            <AccountTexts
              accounts={chosen}
              text={draft.text}
              texts={draft.texts}
              linkUrl={draft.linkUrl}
              images={draft.images}
              errors={saving.errors}
              onChange={(texts, id) => change({ texts }, `texts.${id}`, 'texts', 'text')}
            />
          </Card>
          <Card>
            <ScheduleField
              value={draft.schedule}
              errors={saving.errors}
              onChange={(schedule) => change({ schedule }, 'scheduledAt', 'timeZone')}
            />
          </Card>
          <Card>
            <DeliveryField
              value={draft.delivery}
              team={
                rules === undefined
                  ? null
                  : { latePolicy: String(rules.latePolicy), lateLimitMinutes: Number(rules.lateLimitMinutes) }
              }
              enabled={draft.accounts.length > 0}
              errors={saving.errors}
              onChange={(part) => change({ delivery: { ...draft.delivery, ...part } }, ...changedDelivery(part))}
            />
          </Card>
          <div className="ss-form-actions ss-sticky">
            <Link className="ss-button" to={backTo}>
              Back
            </Link>
            <button
              type="submit"
              className={`ss-button${staysScheduled ? ' ss-primary' : ''}`}
              disabled={waiting}
              data-testid="button-save"
            >
              {status === 'draft' ? 'Save draft' : 'Save changes'}
            </button>
            {staysScheduled ? null : (
              <button
                type="button"
                className="ss-button ss-primary"
                disabled={waiting}
                data-testid="button-schedule"
                onClick={() => void save('schedule')}
              >
                <Icon icon="Clock" size={15} aria-hidden="true" />
                Save and schedule
              </button>
            )}
          </div>
        </div>
        <aside className="ss-composer-side" aria-label="Preview">
          {(chosen.length === 0 ? [null] : chosen).map((account) => (
            <PostPreview
              key={account?.id ?? 'none'}
              platform={account === null ? null : (platformsOf([account])[0] ?? null)}
              name={String(account?.params.displayName ?? person?.title ?? '')}
              text={(account === null ? undefined : draft.texts[account.id]) ?? draft.text}
              linkUrl={draft.linkUrl.trim()}
              images={draft.images}
            />
          ))}
        </aside>
      </form>
    </Page>
  );
}

function LinkWarnings({ linkUrl, platforms }: { linkUrl: string; platforms: readonly Platform[] }) {
  // While it is no address yet, there is nothing to say about it.
  if (!isPublicHttpUrl(linkUrl)) return null;
  return contentWarnings({ text: '', linkUrl, images: [] }, platforms).map(({ message }) => (
    <FieldWarning key={message}>{message}</FieldWarning>
  ));
}

const DELIVERY_FIELDS = ['latePolicy', 'lateLimitMinutes', 'retryBaseSeconds', 'maxAttempts'] as const;

function changedDelivery(part: Partial<Delivery>): string[] {
  return Object.keys(part).map((name) => (name === 'retryBaseMinutes' ? 'retryBaseSeconds' : name));
}

function platformsOf(accounts: readonly PanelRecord[]): Platform[] {
  return accounts.map(({ params }) => String(params.platform)).filter((name): name is Platform => isPlatform(name));
}

function useChoices() {
  const [accounts, setAccounts] = useState<PanelRecord[]>([]);
  const [teams, setTeams] = useState<PanelRecord[]>([]);
  useEffect(() => {
    void api.list('ConnectedAccount', { perPage: '500' }).then((answer) => setAccounts(answer.records));
    void api.list('Team', { perPage: '500' }).then((answer) => setTeams(answer.records));
  }, []);
  return { accounts, teams };
}
