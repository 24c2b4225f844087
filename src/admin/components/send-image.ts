/** Sends one file to the server, and tells how far it is. */
import { sizeInWords, UPLOAD_LIMIT } from '../../domain/image-rules.ts';
import { tellSession } from './panel-client.ts';
import { imageOf, type ShownImage } from './post-images.tsx';

/** Either the image as the server keeps it, or a sentence about why not. */
export type Sent = { image: ShownImage; problem: null } | { image: null; problem: string };

const BROKE_OFF = 'The upload broke off. Check your connection and add the image again.';
const SIGNED_OUT = 'You were signed out. Sign in in another tab, then add the image again.';

/**
 * `XMLHttpRequest`, because `fetch` does not tell how much of a body has left.
 * @param onProgress from 0 to 1
 */
export function sendImage(team: string, file: File, onProgress: (share: number) => void): Promise<Sent> {
  const tooMuch = unfit(file);
  if (tooMuch !== null) return Promise.resolve({ image: null, problem: tooMuch });
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/media?${new URLSearchParams({ team })}`);
    request.setRequestHeader('Accept', 'application/json');
    // What it really is, the server finds out.
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    request.onerror = () => resolve({ image: null, problem: BROKE_OFF });
    request.onload = () => {
      tellSession(request.status !== 401);
      resolve(read(request.status, request.response));
    };
    request.send(file);
  });
}

/** What need not be sent to be known. */
function unfit(file: File): string | null {
  if (file.size === 0) return 'This file is empty. Choose it again, or choose another one.';
  if (file.size <= UPLOAD_LIMIT.bytes) return null;
  return `This file has ${sizeInWords(file.size)}; an image may have ${Math.floor(UPLOAD_LIMIT.bytes / 1_000_000)} MB at most. Save it smaller, or as JPEG, and add it again.`;
}

function read(status: number, answer: unknown): Sent {
  if (status === 401) return { image: null, problem: SIGNED_OUT };
  const json = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  if ((status === 200 || status === 201) && typeof json.id === 'string') return { image: imageOf(json), problem: null };
  const { message } = (json.error ?? {}) as { message?: unknown };
  return { image: null, problem: typeof message === 'string' ? message : BROKE_OFF };
}
