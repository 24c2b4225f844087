/** Short messages after an action. Read out by screen readers; a problem stays until it is closed. */
import { Icon } from '@adminjs/design-system';
import { useTranslation } from 'adminjs';
import { useEffect } from 'react';
import { useDispatch, useSelector } from 'react-redux';

interface Notice {
  id: string;
  message: string;
  type?: string;
}

const VISIBLE_MS = 7000;

export default function NoticeBox() {
  const notices = useSelector((state: { notices: Notice[] }) => state.notices);
  return (
    <div className="ss-notices" aria-live="polite" data-testid="notice-wrapper">
      {notices.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeLine({ notice }: { notice: Notice }) {
  const dispatch = useDispatch();
  const { translateMessage } = useTranslation();
  const drop = () => dispatch({ type: 'DROP_NOTICE', data: { noticeId: notice.id } });
  // What has to be copied (a link) or acted upon (a problem) does not vanish by itself.
  const stays = notice.type === 'error' || /https?:\/\//.test(notice.message);
  useEffect(() => {
    if (stays) return undefined;
    const timer = setTimeout(drop, VISIBLE_MS);
    return () => clearTimeout(timer);
  }, [stays]);
  const tone = notice.type === 'error' ? 'red' : notice.type === 'success' ? 'green' : 'blue';
  const text = /\s/.test(notice.message) ? notice.message : translateMessage(notice.message);
  return (
    <div className={`ss-notice ss-${tone}`} role={notice.type === 'error' ? 'alert' : 'status'}>
      <Icon icon={notice.type === 'error' ? 'AlertCircle' : 'CheckCircle'} size={17} aria-hidden="true" />
      <span>{text}</span>
      <button type="button" className="ss-icon-button" aria-label="Close this message" onClick={drop}>
        <Icon icon="X" size={15} aria-hidden="true" />
      </button>
    </div>
  );
}
