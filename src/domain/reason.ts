/** Reasons people give for what they do: a sentence or two, kept for the audit and shown to whoever waits. */
import { isBlank, turningCharacter } from './invisible-characters.ts';

const LONGEST_REASON = 500;

/**
 * @param whenEmpty what to say when nothing was given; null: a reason is not needed
 * @returns a sentence for the person who typed it, or null when it is fine
 */
export function reasonProblem(text: string, whenEmpty: string | null): string | null {
  if (isBlank(text)) return whenEmpty;
  const turning = turningCharacter(text);
  if (turning !== null)
    return `This has an invisible character that turns the reading direction (${turning}). Paste it as plain text, or type it again.`;
  const { length } = [...text.trim()];
  if (length <= LONGEST_REASON) return null;
  return `Say it in at most ${LONGEST_REASON} characters; this has ${length.toLocaleString('en')}.`;
}
