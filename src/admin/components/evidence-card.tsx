/** What exactly was published, as it was frozen when the platform accepted it, and whether it is still untouched. */
import { Icon } from '@adminjs/design-system';
import type { ReactNode } from 'react';
import { exactTime } from './moments.tsx';
import { Banner, Card } from './page-frame.tsx';
import { imageOf, PostImages } from './post-images.tsx';
import { OutsideLink } from './record-values.tsx';

export interface ShownEvidence {
  document: Record<string, unknown>;
  sha256: string;
  computed: string;
  intact: boolean;
  attemptNumber: number;
  author: string | null;
  approver: string | null;
}

interface EvidenceCardProps {
  publicationId: string;
  evidence: ShownEvidence | null;
  /** The post's images, to show those that the evidence names by their hash. */
  media: readonly (Record<string, unknown> & { sha256: string })[];
}

export function EvidenceCard({ publicationId, evidence, media }: EvidenceCardProps) {
  if (evidence === null) {
    return (
      <Card title="As published">
        <p className="ss-muted">
          There is no evidence from the platform: a person found this post live and said so. The history has who, when
          and why.
        </p>
      </Card>
    );
  }
  const { document: kept, sha256, computed, intact } = evidence;
  const account = part(kept.account);
  const api = part(kept.api);
  const rows: readonly (readonly [string, string | null, 'code'?])[] = [
    ['Account', join(text(account.displayName), text(account.externalId))],
    ['Written by', evidence.author ?? text(kept.authorId)],
    ['Approved by', evidence.approver ?? text(kept.approverId) ?? 'nobody; the team asked for no approval'],
    ['Due', exactTime(kept.dueAt)],
    ['Sent', exactTime(kept.sentAt)],
    ['Accepted', exactTime(kept.acceptedAt)],
    ['Found by', text(kept.confirmedBy)],
    ['Id on the platform', text(kept.externalId), 'code'],
    ['API', join(text(api.url), text(api.version) === null ? null : `version ${text(api.version)}`)],
    ['SHA-256 of the request', text(api.requestSha256), 'code'],
    [intact ? 'SHA-256 of all this' : 'SHA-256 that was kept', sha256, 'code'],
  ];
  const images = publishedImages(kept.media);
  const link = text(kept.linkUrl);
  const permalink = text(kept.permalink);
  return (
    <Card
      title="As published"
      {...(intact ? {} : { tone: 'red' as const })}
      aside={
        <a className="ss-button" href={`/admin/api/evidence/${publicationId}`} download data-testid="download-evidence">
          <Icon icon="Download" size={15} aria-hidden="true" />
          Download JSON
        </a>
      }
    >
      {intact ? (
        <p className="ss-verified">
          <Icon icon="CheckCircle" size={15} aria-hidden="true" />
          Verified just now: the hash fits, nothing was changed since.
        </p>
      ) : (
        <Banner tone="red" icon="AlertOctagon" title="This evidence was changed after it was written">
          The hash over it is now <code className="ss-code ss-break">{computed}</code>, not the one that was kept. Do
          not rely on it; tell whoever looks after the database, and compare with a backup.
        </Banner>
      )}
      <blockquote className="ss-evidence-text">{text(kept.text)}</blockquote>
      <PostImages
        images={images.flatMap(({ sha256, ...described }) =>
          media.filter((one) => one.sha256 === sha256).map((one) => imageOf({ ...one, ...described })),
        )}
      />
      <dl className="ss-values ss-values-narrow">
        {link === null ? null : (
          <Row label="Link">
            <OutsideLink href={link} />
          </Row>
        )}
        {rows.map(([label, value, kind]) =>
          value === null ? null : (
            <Row key={label} label={label}>
              {kind === 'code' ? (
                <code className="ss-code ss-break">{value}</code>
              ) : (
                <span className="ss-break">{value}</span>
              )}
            </Row>
          ),
        )}
        {images.length === 0 ? null : (
          <Row label={images.length === 1 ? 'SHA-256 of the image' : 'SHA-256 of the images, in order'}>
            {images.map(({ sha256: hash }) => (
              <div key={hash}>
                <code className="ss-code ss-break">{hash}</code>
              </div>
            ))}
          </Row>
        )}
        {permalink === null ? null : (
          <Row label="Live at">
            <OutsideLink href={permalink} />
          </Row>
        )}
      </dl>
    </Card>
  );
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Read with care: it may be of an older shape, or not what was written. */
function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A document of the first version has hashes only; the descriptions are then the post's, which nobody can change any more. */
function publishedImages(media: unknown): { sha256: string; altText?: string | null }[] {
  return (Array.isArray(media) ? media : []).flatMap((image: unknown) => {
    if (typeof image === 'string') return [{ sha256: image }];
    const { sha256, altText } = part(image);
    return typeof sha256 === 'string' ? [{ sha256, altText: text(altText) }] : [];
  });
}

function part(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function join(...parts: (string | null)[]): string | null {
  const there = parts.filter((one) => one !== null);
  return there.length === 0 ? null : there.join(' · ');
}
