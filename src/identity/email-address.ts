/** An address in the one form it is stored and compared in, or null when the text is none. */
export function emailAddress(text: string): string | null {
  const email = text.trim().toLowerCase();
  return email.length <= 254 &&
    /^[^\s@"<>()[\]\\,;:\p{Cc}]+@[^\s@"<>()[\]\\,;:\p{Cc}]+\.[^\s@"<>()[\]\\,;:.\p{Cc}]+$/u.test(email)
    ? email
    : null;
}
