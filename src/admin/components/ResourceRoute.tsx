/** The list of a resource. */
import { BaseActionComponent, useResource } from 'adminjs';
import { useParams } from 'react-router-dom';
import { NotFound } from './not-found.tsx';

export default function ResourceRoute() {
  const { resourceId = '' } = useParams();
  const resource = useResource(resourceId);
  const list = resource?.resourceActions.find(({ name }) => name === 'list');
  if (resource === undefined || list === undefined) return <NotFound />;
  return <BaseActionComponent action={list} resource={resource} />;
}
