/** A face without a picture: initials on a colour that belongs to the account. */
import { createHash } from 'node:crypto';
import { type Html, html } from './html.ts';

/** Dark enough for white letters (contrast of at least 4.5:1). */
const COLOURS = ['#9f3a38', '#8a4b08', '#5d6b1f', '#23704a', '#1d6a7d', '#2f5fa8', '#5b4bb0', '#8a3d8f'];

/** @param size in CSS pixels */
export function avatarSvg(name: string, size: number): Html {
  const colour = COLOURS[createHash('sha256').update(name).digest().readUInt8(0) % COLOURS.length] ?? '#2f5fa8';
  const words = name.split(/\s+/).filter((word) => word !== '');
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('');
  return html`<svg class="avatar" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" width="${size}" height="${size}" aria-hidden="true"><circle cx="20" cy="20" r="20" fill="${colour}"/><text x="20" y="20" dy=".36em" text-anchor="middle" font-family="system-ui, sans-serif" font-size="15" font-weight="600" fill="#fff">${letters.toUpperCase()}</text></svg>`;
}
