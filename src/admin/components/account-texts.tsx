/** Other texts for single accounts: what is too long for one need not be cut for all. */

import { useRef } from 'react';
import { isPlatform } from '../../domain/platform-name.ts';
import { platformLabel } from './badges.tsx';
import { CheckField } from './form-fields.tsx';
import type { PanelRecord } from './panel-client.ts';
import { PostTextField } from './post-text-field.tsx';

interface AccountTextsProps {
  /** Those that are chosen. */
  accounts: readonly PanelRecord[];
  /** The post's own text: what a new one begins with. */
  text: string;
  texts: Readonly<Record<string, string>>;
  linkUrl: string;
  images: readonly unknown[];
  errors: Readonly<Record<string, string>>;
  onChange(texts: Readonly<Record<string, string>>, accountId: string): void;
}

export function AccountTexts({ accounts, text, texts, linkUrl, images, errors, onChange }: AccountTextsProps) {
  // What was typed comes back when a box is unticked by mistake and ticked again.
  const put = useRef<Record<string, string>>({});
  const set = (accountId: string, own: string | null) => {
    const { [accountId]: before, ...others } = texts;
    if (own === null && before !== undefined) put.current[accountId] = before;
    onChange(own === null ? others : { ...others, [accountId]: own }, accountId);
  };
  if (accounts.length === 0) return null;
  return (
    <div className="ss-account-texts">
      {accounts.map(({ id, params }) => {
        const platform = String(params.platform);
        const own = texts[id];
        const name = `${String(params.displayName)} (${platformLabel(platform)})`;
        return (
          <div key={id}>
            <CheckField
              name={`different-${id}`}
              label={`Different text for ${name}`}
              value={own !== undefined}
              error={undefined}
              onChange={(on) => set(id, on ? (put.current[id] ?? text) : null)}
            />
            {own === undefined ? null : (
              <PostTextField
                name={`texts.${id}`}
                label={`Text for ${name}`}
                rows={5}
                value={own}
                linkUrl={linkUrl}
                images={images}
                platforms={isPlatform(platform) ? [platform] : []}
                error={errors[`texts.${id}`]}
                onChange={(typed) => set(id, typed)}
              />
            )}
          </div>
        );
      })}
    </div>
  );
}
