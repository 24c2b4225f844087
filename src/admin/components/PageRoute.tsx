/** There are no pages beside the resources'. */
import { NotFound } from './not-found.tsx';

export default function PageRoute() {
  return <NotFound />;
}
