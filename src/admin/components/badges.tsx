/** States and platforms as words with a sign, never by colour alone. */
import { Icon } from '@adminjs/design-system';
import { PLATFORM_LABEL, type Platform } from '../../domain/platform-name.ts';

type Tone = 'quiet' | 'blue' | 'green' | 'amber' | 'red';

const STATUS: Readonly<Record<string, { label: string; icon: string; tone: Tone }>> = {
  draft: { label: 'Draft', icon: 'Edit3', tone: 'quiet' },
  awaiting_approval: { label: 'Awaiting approval', icon: 'UserCheck', tone: 'amber' },
  scheduled: { label: 'Scheduled', icon: 'Clock', tone: 'blue' },
  publishing: { label: 'Publishing', icon: 'Send', tone: 'blue' },
  retrying: { label: 'Trying again', icon: 'RefreshCw', tone: 'amber' },
  published: { label: 'Published', icon: 'CheckCircle', tone: 'green' },
  partly_published: { label: 'Partly published', icon: 'CheckSquare', tone: 'amber' },
  unconfirmed: { label: 'Unconfirmed', icon: 'HelpCircle', tone: 'red' },
  held: { label: 'On hold', icon: 'PauseCircle', tone: 'amber' },
  missed: { label: 'Missed', icon: 'AlertCircle', tone: 'red' },
  failed: { label: 'Failed', icon: 'XCircle', tone: 'red' },
  cancelled: { label: 'Cancelled', icon: 'Slash', tone: 'quiet' },
  active: { label: 'Connected', icon: 'CheckCircle', tone: 'green' },
  reconnect_required: { label: 'Reconnect needed', icon: 'AlertTriangle', tone: 'amber' },
  disconnected: { label: 'Disconnected', icon: 'Slash', tone: 'quiet' },
  prepared: { label: 'Prepared', icon: 'Clock', tone: 'quiet' },
  sent: { label: 'Sent, no answer yet', icon: 'Send', tone: 'amber' },
  acked: { label: 'Accepted', icon: 'CheckCircle', tone: 'green' },
  rejected: { label: 'Refused', icon: 'XCircle', tone: 'red' },
  unknown: { label: 'Outcome unknown', icon: 'HelpCircle', tone: 'red' },
  present: { label: 'Found live', icon: 'CheckCircle', tone: 'green' },
  running: { label: 'Running', icon: 'CheckCircle', tone: 'green' },
  silent: { label: 'No sign of life', icon: 'AlertOctagon', tone: 'red' },
  stopped: { label: 'Stopped', icon: 'Slash', tone: 'quiet' },
  absent: { label: 'Not there', icon: 'XCircle', tone: 'quiet' },
};

export function statusLabel(status: string): string {
  return STATUS[status]?.label ?? words(status);
}

export function StatusBadge({ status }: { status: string }) {
  const { label, icon, tone } = STATUS[status] ?? { label: words(status), icon: 'Circle', tone: 'quiet' as const };
  return (
    <span className={`ss-badge ss-${tone}`}>
      <Icon icon={icon} size={13} aria-hidden="true" />
      {label}
    </span>
  );
}

/** The platform's initial in its colour, with its name for those who do not see it. */
export function PlatformMark({ platform, size = 'normal' }: { platform: string; size?: 'normal' | 'small' | 'large' }) {
  const letters: Record<string, string> = { linkedin: 'in', facebook: 'f', x: 'X' };
  return (
    <span
      className={`ss-mark ss-mark-${platform} ss-mark-${size}`}
      role="img"
      aria-label={platformLabel(platform)}
      title={platformLabel(platform)}
    >
      {letters[platform] ?? '?'}
    </span>
  );
}

export function platformLabel(platform: string): string {
  return PLATFORM_LABEL[platform as Platform] ?? words(platform);
}

/** `reconnect_required` → `Reconnect required`, `sentAt` → `Sent at`. */
export function words(name: string): string {
  const spaced = name
    .replaceAll(/[_.]/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
