/** The text of a post, counted against what each chosen platform takes, with the same rules the server has. */
import { countCharacters, TEXT_LIMIT } from '../../domain/content-rules.ts';
import { PLATFORM_LABEL, PLATFORMS, type Platform } from '../../domain/platform-name.ts';
import { Field } from './form-fields.tsx';

export function PostTextField({
  value,
  onChange,
  platforms,
  error,
}: {
  value: string;
  onChange(value: string): void;
  platforms: readonly Platform[];
  error: string | undefined;
}) {
  const counted = platforms.length === 0 ? PLATFORMS.slice(0, 1) : platforms;
  return (
    <Field label="Text" required error={error} hint={<Counters text={value} platforms={counted} />}>
      {(binding) => (
        <textarea
          {...binding}
          className="ss-input ss-post-text"
          name="text"
          rows={9}
          value={value}
          placeholder="What do you want to share?"
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function Counters({ text, platforms }: { text: string; platforms: readonly Platform[] }) {
  const count = countCharacters(text.replaceAll('\r\n', '\n'));
  return (
    <span className="ss-counters" data-testid="character-count">
      {platforms.map((platform) => {
        const left = TEXT_LIMIT[platform] - count;
        const tone = left < 0 ? 'ss-over' : left < TEXT_LIMIT[platform] * 0.05 ? 'ss-near' : '';
        return (
          <span key={platform} className={tone}>
            {PLATFORM_LABEL[platform]}: {count.toLocaleString('en')} of {TEXT_LIMIT[platform].toLocaleString('en')}
            {left < 0 ? `, ${(-left).toLocaleString('en')} too many` : ''}
          </span>
        );
      })}
    </span>
  );
}
