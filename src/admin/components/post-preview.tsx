/** About how the post will look. Only about: each platform lays it out in its own way. */
import { PlatformMark, platformLabel } from './badges.tsx';
import { initials } from './person-initials.ts';
import { PreviewImages, type ShownImage } from './post-images.tsx';

export function PostPreview({
  platform,
  name,
  text,
  linkUrl,
  images,
}: {
  platform: string | null;
  name: string;
  text: string;
  linkUrl: string;
  images: readonly ShownImage[];
}) {
  return (
    <div className="ss-preview">
      <div className="ss-preview-head">
        <span className="ss-avatar ss-avatar-large" aria-hidden="true">
          {initials(name)}
        </span>
        <div>
          <strong>{name}</strong>
          <div className="ss-muted">{platform === null ? 'Choose an account' : platformLabel(platform)} · preview</div>
        </div>
        {platform === null ? null : <PlatformMark platform={platform} size="small" />}
      </div>
      <div className={text === '' ? 'ss-preview-text ss-muted' : 'ss-preview-text'}>
        {text === '' ? 'Your text appears here while you write.' : text}
      </div>
      <PreviewImages images={images} />
      {URL.canParse(linkUrl) ? (
        <div className="ss-preview-link">
          <span className="ss-muted">{new URL(linkUrl).hostname}</span>
          <span className="ss-break">{linkUrl}</span>
        </div>
      ) : null}
    </div>
  );
}
