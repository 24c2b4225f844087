/** There is nothing here, or not for this person. */
import { Link } from 'react-router-dom';
import { Card, Page } from './page-frame.tsx';

export function NotFound({ text }: { text?: string }) {
  const title = 'This page does not exist';
  return (
    <Page name={title} title={title}>
      <Card>
        <p>{text === undefined || text === '' ? 'There is nothing at this address, or you may not see it.' : text}</p>
        <p>
          <Link to="/admin">Go to the dashboard</Link>
        </p>
      </Card>
    </Page>
  );
}
