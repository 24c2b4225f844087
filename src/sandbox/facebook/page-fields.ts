/** What Graph tells of a person and of a Page, field by field. */
import { pageToken } from './access-token.ts';
import type { FacebookContext } from './facebook-context.ts';
import type { NodeType } from './graph-fields.ts';
import type { Session } from './graph-session.ts';
import type { Page, Person } from './sample-people.ts';

const PICTURE = { type: 'ProfilePictureSource', fields: ['height', 'is_silhouette', 'url', 'width'] };

function picture(context: FacebookContext, id: string): object {
  const url = `${context.publicUrl()}/facebook/pictures/${id}.svg`;
  return { data: { height: 50, is_silhouette: false, url, width: 50 } };
}

export function personType(context: FacebookContext): NodeType<Person> {
  return {
    name: 'User',
    defaults: ['name', 'id'],
    fields: {
      id: { read: ({ id }) => id },
      name: { read: ({ name }) => name },
      first_name: { read: ({ name }) => name.split(' ')[0] },
      last_name: { read: ({ name }) => name.split(' ').at(-1) },
      // Left out without the permission, as everything about a person is.
      email: { read: ({ id, email }) => (context.state.hasPermission(id, 'email') ? email : undefined) },
      picture: { read: ({ id }) => picture(context, id), of: PICTURE },
    },
  };
}

/** Shown with any token; the Page's own token and tasks only to somebody with a role on it. */
export function pageType(context: FacebookContext, session: Session): NodeType<Page> {
  const { person, page: own, accessToken } = session;
  return {
    name: 'Page',
    defaults: ['name', 'id'],
    fields: {
      id: { read: ({ id }) => id },
      name: { read: ({ name }) => name },
      username: { read: ({ username }) => username },
      category: { read: ({ category }) => category },
      category_list: { read: ({ category }) => [{ id: '2200', name: category }] },
      link: { read: ({ username }) => `https://www.facebook.com/${username}` },
      picture: { read: ({ id }) => picture(context, id), of: PICTURE },
      is_published: { read: () => true },
      fan_count: { read: () => 0 },
      followers_count: { read: () => 0 },
      tasks: { read: (page) => (own ? undefined : page.tasks[person.id]) },
      access_token: {
        read: (page) => {
          if (own) return own.id === page.id ? accessToken : undefined;
          return page.tasks[person.id] ? pageToken(context, session, page) : undefined;
        },
      },
    },
  };
}

/** The same in the list of somebody's Pages, where more is told by default. */
export function managedPageType(context: FacebookContext, session: Session): NodeType<Page> {
  return {
    ...pageType(context, session),
    defaults: ['access_token', 'category', 'category_list', 'name', 'id', 'tasks'],
  };
}
