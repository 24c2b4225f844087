/** The images of a post: chosen, dropped or pasted, described, put in order, taken out again. Everything works by keyboard. */
import { Icon } from '@adminjs/design-system';
import { useRef, useState } from 'react';
import { contentWarnings } from '../../domain/content-warnings.ts';
import { altTextLimit, imageProblems, UPLOAD_LIMIT } from '../../domain/image-rules.ts';
import type { Platform } from '../../domain/platform-name.ts';
import { Field, FieldError, FieldWarning } from './form-fields.tsx';
import { addressOf, factsOf, type ShownImage } from './post-images.tsx';
import type { Upload } from './use-image-uploads.ts';

const TYPES = '.png,.jpg,.jpeg,.gif,.webp,image/png,image/jpeg,image/gif,image/webp';

interface ImageFieldProps {
  images: readonly ShownImage[];
  uploads: readonly Upload[];
  platforms: readonly Platform[];
  error: string | undefined;
  onFiles(files: Iterable<File>): void;
  onDismiss(key: number): void;
  onChange(images: readonly ShownImage[]): void;
}

export function ImageField({ images, uploads, platforms, error, onFiles, onDismiss, onChange }: ImageFieldProps) {
  const [told, setTold] = useState('');
  const chooser = useRef<HTMLInputElement>(null);
  // The same rules as the server's: what it would refuse is said while it can be changed at once.
  const problems = imageProblems(images, platforms);
  const said = error !== undefined && !problems.includes(error) ? [error, ...problems] : problems;
  const move = (from: number, to: number) => {
    const moved = images[from];
    if (moved === undefined || to < 0 || to >= images.length) return;
    const others = images.filter((_, index) => index !== from);
    onChange([...others.slice(0, to), moved, ...others.slice(to)]);
    setTold(`Image ${from + 1} is now image ${to + 1} of ${images.length}.`);
  };
  const remove = (at: number) => {
    onChange(images.filter((_, index) => index !== at));
    setTold(`Image ${at + 1} is removed.`);
    // Its button is gone with it; the focus must not be lost to the top of the page.
    chooser.current?.focus();
  };
  return (
    <fieldset className="ss-fieldset" aria-invalid={said.length > 0}>
      <legend>
        Images<span className="ss-optional">optional</span>
      </legend>
      {images.length === 0 ? null : (
        <ol className="ss-images">
          {images.map((image, index) => (
            <ImageItem
              key={image.id}
              image={image}
              number={index + 1}
              of={images.length}
              limit={altTextLimit(platforms)}
              onDescribe={(altText) => onChange(images.map((one) => (one.id === image.id ? { ...one, altText } : one)))}
              onMove={(by) => move(index, index + by)}
              onRemove={() => remove(index)}
            />
          ))}
        </ol>
      )}
      {uploads.map((upload) => (
        <UploadLine key={upload.key} upload={upload} onDismiss={() => onDismiss(upload.key)} />
      ))}
      {said.map((sentence) => (
        <FieldError key={sentence}>{sentence}</FieldError>
      ))}
      {contentWarnings({ text: '', linkUrl: null, images }, platforms).map(({ message }) => (
        <FieldWarning key={message}>{message}</FieldWarning>
      ))}
      <div className="ss-drop">
        <label className="ss-button ss-file-button">
          <Icon icon="Image" size={15} aria-hidden="true" />
          {images.length === 0 ? 'Add images' : 'Add more images'}
          <input
            ref={chooser}
            className="ss-visually-hidden"
            type="file"
            name="images"
            accept={TYPES}
            multiple
            onChange={(event) => {
              onFiles([...(event.target.files ?? [])]);
              // So that the same file can be chosen again after a failure.
              event.target.value = '';
            }}
          />
        </label>
        <span className="ss-muted">
          or drop or paste them anywhere here. PNG, JPEG, GIF or WebP, up to{' '}
          {Math.floor(UPLOAD_LIMIT.bytes / 1_000_000)} MB each. Where a photo was taken is removed.
        </span>
      </div>
      <span className="ss-visually-hidden" role="status">
        {told}
      </span>
    </fieldset>
  );
}

function ImageItem({
  image,
  number,
  of,
  limit,
  onDescribe,
  onMove,
  onRemove,
}: {
  image: ShownImage;
  number: number;
  of: number;
  limit: number;
  onDescribe(altText: string): void;
  onMove(by: -1 | 1): void;
  onRemove(): void;
}) {
  const count = image.altText.length;
  return (
    <li className="ss-image" aria-label={`Image ${number}`}>
      <div className="ss-image-side">
        <img src={addressOf(image)} alt={image.altText || `Image ${number}`} />
        <span className="ss-muted">{factsOf(image)}</span>
      </div>
      <div className="ss-image-main">
        <Field
          label={`Description of image ${number} (alt text)`}
          hint={
            <span className="ss-described">
              {count === 0 ? (
                <span className="ss-near">Describe it for those who cannot see it.</span>
              ) : (
                <span>Read aloud to those who cannot see it.</span>
              )}
              <span className={count > limit ? 'ss-over' : ''}>
                {count.toLocaleString('en')} of {limit.toLocaleString('en')}
              </span>
            </span>
          }
        >
          {(binding) => (
            <textarea
              {...binding}
              className="ss-input"
              name={`altText-${number}`}
              rows={2}
              value={image.altText}
              placeholder="What is to be seen, and what matters about it?"
              onChange={(event) => onDescribe(event.target.value)}
            />
          )}
        </Field>
        <div className="ss-image-actions">
          <MoveButton icon="ArrowUp" label={`Move image ${number} up`} off={number === 1} onPress={() => onMove(-1)} />
          <MoveButton
            icon="ArrowDown"
            label={`Move image ${number} down`}
            off={number === of}
            onPress={() => onMove(1)}
          />
          <button
            type="button"
            className="ss-button ss-danger-quiet"
            aria-label={`Remove image ${number}`}
            onClick={onRemove}
          >
            Remove
          </button>
        </div>
      </div>
    </li>
  );
}

/** Stays focusable at the ends of the list: a disabled button would drop the focus of who is moving an image by keyboard. */
function MoveButton({ icon, label, off, onPress }: { icon: string; label: string; off: boolean; onPress(): void }) {
  return (
    <button
      type="button"
      className="ss-icon-button"
      aria-label={label}
      title={label}
      aria-disabled={off}
      onClick={() => {
        if (!off) onPress();
      }}
    >
      <Icon icon={icon} size={16} aria-hidden="true" />
    </button>
  );
}

function UploadLine({ upload: { name, share, problem }, onDismiss }: { upload: Upload; onDismiss(): void }) {
  if (problem !== null)
    return (
      <div className="ss-upload ss-red" role="alert">
        <div className="ss-break">
          <strong>{name}</strong>
          <div>{problem}</div>
        </div>
        <button
          type="button"
          className="ss-icon-button"
          aria-label={`Dismiss the message about ${name}`}
          onClick={onDismiss}
        >
          <Icon icon="X" size={15} aria-hidden="true" />
        </button>
      </div>
    );
  return (
    <div className="ss-upload ss-quiet" role="status">
      <span className="ss-break">{name}</span>
      {share < 1 ? (
        <progress value={share} aria-label={`Sending ${name}`} />
      ) : (
        <span className="ss-checking">
          <span className="ss-spinner" aria-hidden="true" /> Checking…
        </span>
      )}
    </div>
  );
}
