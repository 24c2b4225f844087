/** About how the post will look. Only about: each platform lays it out in its own way. */
import { isPublicHttpUrl, textOn } from '../../domain/content-rules.ts';
import type { Platform } from '../../domain/platform-name.ts';
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
  platform: Platform | null;
  name: string;
  text: string;
  linkUrl: string;
  images: readonly ShownImage[];
}) {
  const link = isPublicHttpUrl(linkUrl) ? linkUrl : null;
  const shown = platform === null || text === '' ? text : textOn(platform, { text, linkUrl: link, images });
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
      <div className={shown === '' ? 'ss-preview-text ss-muted' : 'ss-preview-text'}>
        {shown === '' ? 'Your text appears here while you write.' : shown}
      </div>
      <PreviewImages images={images} />
      {link === null || images.length > 0 ? null : (
        <div className="ss-preview-link">
          <span className="ss-muted">{new URL(link).hostname}</span>
          <span className="ss-break">{link}</span>
        </div>
      )}
    </div>
  );
}
