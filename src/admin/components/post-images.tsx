/** The images of a post as they are shown: small, in their order, with what is said about them. */

import type { ImageType } from '../../domain/content-rules.ts';
import { IMAGE_TYPE_LABEL, isImageType, sizeInWords } from '../../domain/image-rules.ts';

/** An image as records carry it. */
export interface ShownImage {
  id: string;
  contentType: ImageType;
  byteSize: number;
  width: number;
  height: number;
  animated: boolean;
  altText: string;
}

export function addressOf({ id }: Pick<ShownImage, 'id'>): string {
  return `/media/${id}`;
}

/** Such as `JPEG, 1200 × 800, 340 kB`. */
export function factsOf({ contentType, width, height, byteSize, animated }: ShownImage): string {
  const size = `${width} × ${height}`;
  const parts = [`${animated ? 'Animated ' : ''}${IMAGE_TYPE_LABEL[contentType]}`, size, sizeInWords(byteSize)];
  // Lines break between the facts, not inside one.
  return parts.map((part) => part.replaceAll(' ', '\u00a0')).join(', ');
}

/** @param params of a post, where AdminJS writes `media.0.id`, `media.0.width`, … */
export function shownImages(params: Readonly<Record<string, unknown>>): ShownImage[] {
  const images: ShownImage[] = [];
  for (let index = 0; params[`media.${index}.id`] !== undefined; index++) {
    const of = (name: string) => params[`media.${index}.${name}`];
    images.push(
      imageOf({
        id: of('id'),
        contentType: of('contentType'),
        byteSize: of('byteSize'),
        width: of('width'),
        height: of('height'),
        animated: of('animated'),
        altText: of('altText'),
      }),
    );
  }
  return images;
}

/** Foreign JSON as an image. */
export function imageOf(given: Readonly<Record<string, unknown>>): ShownImage {
  const contentType = String(given.contentType);
  return {
    id: String(given.id),
    contentType: isImageType(contentType) ? contentType : 'image/png',
    byteSize: Number(given.byteSize),
    width: Number(given.width),
    height: Number(given.height),
    animated: given.animated === true || given.animated === 'true',
    altText: typeof given.altText === 'string' ? given.altText : '',
  };
}

export function PostImages({ images }: { images: readonly ShownImage[] }) {
  if (images.length === 0) return null;
  return (
    <ul className="ss-gallery" data-testid="post-images">
      {images.map((image, index) => (
        <li key={image.id}>
          <a href={addressOf(image)} target="_blank" rel="noopener">
            <img
              src={addressOf(image)}
              alt={image.altText || `Image ${index + 1}, without a description`}
              loading="lazy"
            />
          </a>
          {image.altText === '' ? (
            <span className="ss-muted">No description</span>
          ) : (
            <span className="ss-break">{image.altText}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** How many of them a preview shows; the rest is a number. */
const IN_A_PREVIEW = 4;

export function PreviewImages({ images }: { images: readonly ShownImage[] }) {
  if (images.length === 0) return null;
  const left = images.length - IN_A_PREVIEW;
  return (
    <div className={`ss-preview-images ss-preview-images-${Math.min(images.length, IN_A_PREVIEW)}`}>
      {images.slice(0, IN_A_PREVIEW).map((image, index) => (
        <span key={image.id}>
          <img src={addressOf(image)} alt={image.altText} />
          {left > 0 && index === IN_A_PREVIEW - 1 ? <strong>+{left}</strong> : null}
        </span>
      ))}
    </div>
  );
}
