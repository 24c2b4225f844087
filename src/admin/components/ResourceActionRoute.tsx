/** A page of a whole resource, such as the form for a new record. */
import { BaseActionComponent, useResource } from 'adminjs';
import { useParams } from 'react-router-dom';
import { NotFound } from './not-found.tsx';

export default function ResourceActionRoute() {
  const { resourceId = '', actionName = '' } = useParams();
  const resource = useResource(resourceId);
  const action = resource?.resourceActions.find(({ name }) => name === actionName);
  if (resource === undefined || action === undefined || action.component === false) return <NotFound />;
  return <BaseActionComponent action={action} resource={resource} />;
}
