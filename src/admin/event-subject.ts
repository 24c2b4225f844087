/** The words by which a person recognises what an event is about; null when it has none. */
export function aboutText(metadata: unknown): string | null {
  const { text, name, displayName, email, reason } = (metadata ?? {}) as Record<string, unknown>;
  const found = [text, displayName, name, email, reason].find((value) => typeof value === 'string' && value !== '');
  return typeof found === 'string' ? found : null;
}
