/** The text of a post, counted against what each chosen platform takes, with the same rules the server has. */
import { type CountedContent, countFor, TEXT_LIMIT } from '../../domain/content-rules.ts';
import { contentWarnings } from '../../domain/content-warnings.ts';
import { PLATFORM_LABEL, PLATFORMS, type Platform } from '../../domain/platform-name.ts';
import { Field } from './form-fields.tsx';

interface PostTextFieldProps {
  name?: string;
  label?: string;
  rows?: number;
  value: string;
  /** As typed. On some platforms it is part of the text, beside images or always. */
  linkUrl: string;
  images: readonly unknown[];
  onChange(value: string): void;
  /** Null: no account takes this text, each has another. */
  platforms: readonly Platform[] | null;
  error: string | undefined;
}

export function PostTextField({
  name = 'text',
  label = 'Text',
  rows = 9,
  value,
  linkUrl,
  images,
  onChange,
  platforms,
  error,
}: PostTextFieldProps) {
  const counted = platforms?.length === 0 ? PLATFORMS.slice(0, 1) : platforms;
  const content = { text: value, linkUrl: linkUrl.trim() === '' ? null : linkUrl.trim(), images };
  const [warning] = contentWarnings({ text: value, linkUrl: null, images: [] }, []);
  const hint =
    counted === null ? (
      'Every chosen account has a text of its own.'
    ) : (
      <Counters content={content} platforms={counted} />
    );
  return (
    <Field label={label} required error={error} hint={hint} warning={warning?.message}>
      {(binding) => (
        <textarea
          {...binding}
          className="ss-input ss-post-text"
          name={name}
          rows={rows}
          value={value}
          placeholder="What do you want to share?"
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function Counters({ content, platforms }: { content: CountedContent; platforms: readonly Platform[] }) {
  const over = platforms.filter((platform) => countFor(platform, content) > TEXT_LIMIT[platform]);
  return (
    <span className="ss-counters" data-testid="character-count">
      {platforms.map((platform) => {
        const count = countFor(platform, content);
        const left = TEXT_LIMIT[platform] - count;
        const tone = left < 0 ? 'ss-over' : left < TEXT_LIMIT[platform] * 0.05 ? 'ss-near' : '';
        return (
          <span key={platform} className={tone}>
            {PLATFORM_LABEL[platform]}: {count.toLocaleString('en')} of {TEXT_LIMIT[platform].toLocaleString('en')}
            {left < 0 ? `, ${(-left).toLocaleString('en')} too many` : ''}
          </span>
        );
      })}
      {over.length > 0 && over.length < platforms.length ? (
        <span className="ss-counters-way-out">
          Too long for {over.map((platform) => PLATFORM_LABEL[platform]).join(' and ')} only? Tick “Different text”
          under “Publish to”, and the others keep this one.
        </span>
      ) : null}
    </span>
  );
}
