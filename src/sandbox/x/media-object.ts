/** An upload as X's media endpoints show it, and how its processing stands. */
import { mediaKey } from './post-draft.ts';
import type { XContext } from './x-context.ts';
import type { Media } from './x-state.ts';

export function mediaObject(context: XContext, media: Media): Record<string, unknown> {
  const now = context.clock.now();
  const { completed } = media;
  const info = processingInfo(media, now);
  const content = completed?.content;
  return {
    id: media.id,
    media_key: mediaKey(media),
    expires_after_secs: Math.max(0, Math.ceil((media.expiresAt.getTime() - now.getTime()) / 1000)),
    ...(completed ? { size: completed.size } : {}),
    ...(content && content.kind !== 'video'
      ? { image: { image_type: content.mimeType, w: content.width, h: content.height } }
      : {}),
    ...(content?.kind === 'video' ? { video: { video_type: content.mimeType } } : {}),
    ...(info ? { processing_info: info } : {}),
  };
}

/** null for what needed no processing, or is not uploaded yet. */
function processingInfo({ completed }: Media, now: Date): Record<string, unknown> | null {
  if (!completed?.asynchronous) return null;
  const waitMs = completed.availableAt.getTime() - now.getTime();
  if (waitMs > 0) return { state: 'in_progress', check_after_secs: Math.ceil(waitMs / 1000), progress_percent: 50 };
  if (completed.content) return { state: 'succeeded', progress_percent: 100 };
  return {
    state: 'failed',
    error: { code: 1, name: 'InvalidMedia', message: 'The file is not what its category takes.' },
  };
}
