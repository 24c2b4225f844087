/** Uploaded bytes, which are too large for the journal: one file each in a private folder. */
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** On the disk when it resolves. @param name made by the sandbox, never taken from a request */
export async function saveUpload(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = await open(join(directory, name), 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
