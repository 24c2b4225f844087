/** `Ann Author` → `AA`. */
export function initials(name: string): string {
  const parts = name.split(/[\s@.]+/).filter((part) => part !== '');
  return parts
    .slice(0, 2)
    .map((part) => (part[0] ?? '').toUpperCase())
    .join('');
}
