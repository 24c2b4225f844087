/** Files on their way to the server, one after another, so that they arrive in the order in which they were chosen. */
import { useRef, useState } from 'react';
import type { ShownImage } from './post-images.tsx';
import { sendImage } from './send-image.ts';

export interface Upload {
  key: number;
  name: string;
  /** From 0 to 1. */
  share: number;
  /** A sentence once it failed. */
  problem: string | null;
}

/** @param onAdded @returns a sentence when the image is not wanted after all */
export function useImageUploads(team: string, onAdded: (image: ShownImage, name: string) => string | null) {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const lastKey = useRef(0);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const added = useRef(onAdded);
  added.current = onAdded;

  const change = (key: number, part: Partial<Upload>) =>
    setUploads((before) => before.map((one) => (one.key === key ? { ...one, ...part } : one)));
  const dismiss = (key: number) => setUploads((before) => before.filter((one) => one.key !== key));

  const sendOne = async (key: number, file: File) => {
    const { image, problem } = await sendImage(team, file, (share) => change(key, { share }));
    const unwanted = image === null ? problem : added.current(image, nameOf(file));
    if (unwanted === null) dismiss(key);
    else change(key, { problem: unwanted });
  };

  const add = (files: Iterable<File>) => {
    for (const file of files) {
      lastKey.current += 1;
      const key = lastKey.current;
      const refused = team === '' ? 'Choose the team first, then add the image again.' : null;
      setUploads((before) => [...before, { key, name: nameOf(file), share: 0, problem: refused }]);
      if (refused === null) queue.current = queue.current.then(() => sendOne(key, file));
    }
  };

  return { uploads, add, dismiss, busy: uploads.some(({ problem }) => problem === null) };
}

/** Pasted images have none, or one that the browser made up. */
function nameOf(file: File): string {
  return file.name === '' ? 'Pasted image' : file.name;
}
