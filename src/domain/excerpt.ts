/** The beginning of a text in one line, by code points: half an emoji is no text. Pure. */
export function excerpt(text: string, length = 120): string {
  const characters = [...text.replaceAll(/\s+/g, ' ').trim()];
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : characters.join('');
}
