/** A user as X's API shows him: id, name and user name, and the fields asked for. */
import type { User } from './sample-users.ts';
import type { XContext } from './x-context.ts';

export function userObject(context: XContext, user: User, fields: readonly string[]): Record<string, unknown> {
  const posts = [...context.state.posts.values()].filter(({ userId, deletedAt }) => userId === user.id && !deletedAt);
  const all: Readonly<Record<string, unknown>> = {
    most_recent_tweet_id: posts.at(-1)?.id,
    profile_image_url: `${context.publicUrl()}/x/avatars/${user.id}.svg`,
    protected: false,
    public_metrics: {
      followers_count: 0,
      following_count: 0,
      tweet_count: posts.length,
      listed_count: 0,
      like_count: 0,
      media_count: posts.reduce((sum, { media }) => sum + media.length, 0),
    },
    subscription_type: user.subscriptionType,
    verified: user.verifiedType !== 'none',
    verified_type: user.verifiedType,
  };
  const asked = fields.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return { id: user.id, name: user.name, username: user.username, ...Object.fromEntries(asked) };
}
