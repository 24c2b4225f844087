/**
 * The page of a record. AdminJS's own goes to a page without a heading or a link when there is no record, or no such
 * action in its state; here that is said, and a record that cannot be edited is shown.
 */
import { BaseActionComponent, type RecordJSON, useResource } from 'adminjs';
import { useEffect, useState } from 'react';
import { Navigate, useParams } from 'react-router-dom';
import { NotFound } from './not-found.tsx';
import { Banner, Loading, Page } from './page-frame.tsx';
import { type Answer, api } from './panel-client.ts';
import { SignInLink } from './save-problem.tsx';

export default function RecordActionRoute() {
  const { resourceId = '', recordId = '', actionName = '' } = useParams();
  const resource = useResource(resourceId);
  const address = `${resourceId}/${recordId}/${actionName}`;
  const [loaded, setLoaded] = useState<{ address: string; answer: Answer } | null>(null);
  const isPage = resource !== undefined && ['show', 'edit'].includes(actionName);
  useEffect(() => {
    if (!isPage) return undefined;
    let current = true;
    void api.read(resourceId, recordId, actionName).then((answer) => {
      if (current) setLoaded({ address, answer });
    });
    return () => {
      current = false;
    };
  }, [address, isPage]);

  if (!isPage) return <NotFound />;
  // The record of the page before this one is not shown for a moment.
  if (loaded === null || loaded.address !== address) return <Loading />;
  const { record, problem, message, ok } = loaded.answer;
  if (problem === 'signed-out' || problem === 'no-answer' || (!ok && loaded.answer.data === null))
    return <NotLoaded message={message} signedOut={problem === 'signed-out'} />;
  const action = record?.recordActions?.find(({ name }) => name === actionName);
  if (ok && record !== null && action === undefined && actionName === 'edit')
    return <Navigate to={`/admin/resources/${resourceId}/records/${recordId}/show`} replace />;
  if (!ok || record === null || action === undefined) return <NotFound text={message} />;
  return <BaseActionComponent action={action} resource={resource} record={record as RecordJSON} />;
}

function NotLoaded({ message, signedOut }: { message: string; signedOut: boolean }) {
  return (
    <Page name="Not loaded" title="This could not be loaded">
      <Banner tone="red" icon="AlertCircle" title={message}>
        {signedOut ? <SignInLink /> : null}
      </Banner>
    </Page>
  );
}
