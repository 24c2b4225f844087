/** The bodies LinkedIn's two ways of creating a post take, field by field. */
import { z } from 'zod';

const targeting = z.array(z.unknown());

/** `POST /rest/posts`. */
export const postSchema = z.strictObject({
  author: z.string(),
  commentary: z.string(),
  visibility: z.enum(['PUBLIC', 'CONNECTIONS', 'LOGGED_IN', 'CONTAINER']),
  distribution: z.strictObject({
    feedDistribution: z.enum(['MAIN_FEED', 'NONE']),
    targetEntities: targeting.optional(),
    thirdPartyDistributionChannels: targeting.optional(),
  }),
  lifecycleState: z.enum(['PUBLISHED', 'DRAFT', 'PUBLISH_REQUESTED', 'PUBLISH_FAILED']),
  isReshareDisabledByAuthor: z.boolean().optional(),
  content: z
    .strictObject({
      media: z
        .strictObject({ id: z.string(), altText: z.string().optional(), title: z.string().optional() })
        .optional(),
      multiImage: z
        .strictObject({
          images: z.array(z.strictObject({ id: z.string(), altText: z.string().optional() })),
          altText: z.string().optional(),
        })
        .optional(),
      article: z
        .strictObject({
          source: z.string(),
          title: z.string(),
          description: z.string().optional(),
          thumbnail: z.string().optional(),
          thumbnailAltText: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
});

export type PostBody = z.infer<typeof postSchema>;

const localText = z.strictObject({ text: z.string() });

/** `POST /v2/ugcPosts`. */
export const ugcPostSchema = z.strictObject({
  author: z.string(),
  lifecycleState: z.enum(['PUBLISHED', 'DRAFT']),
  specificContent: z.strictObject({
    'com.linkedin.ugc.ShareContent': z.strictObject({
      shareCommentary: z.strictObject({ text: z.string(), attributes: z.array(z.unknown()).optional() }),
      shareMediaCategory: z.enum(['NONE', 'ARTICLE', 'IMAGE', 'VIDEO', 'RICH']),
      media: z
        .array(
          z.strictObject({
            status: z.enum(['READY']),
            media: z.string().optional(),
            originalUrl: z.string().optional(),
            title: localText.optional(),
            description: localText.optional(),
          }),
        )
        .optional(),
    }),
  }),
  visibility: z.strictObject({ 'com.linkedin.ugc.MemberNetworkVisibility': z.enum(['PUBLIC', 'CONNECTIONS']) }),
});
