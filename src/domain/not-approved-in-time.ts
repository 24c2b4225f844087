/** What a publication carries that still waited for approval at its time. */
export const NOT_APPROVED_IN_TIME = {
  errorCode: 'not-approved-in-time',
  errorMessage:
    'It still waited for approval when its time came, so it was not published. Choose a new time for the post, or cancel it.',
} as const;
