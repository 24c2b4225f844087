/**
 * At most `most` UTF-16 units of a text, the last one then an ellipsis. Never half a character: half an emoji is no text, and
 * a database refuses it.
 */
export function cutOff(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
