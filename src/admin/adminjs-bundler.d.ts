/** The part of AdminJS's bundler we use; the package exports it without types. */
declare module 'adminjs/bundler' {
  import type { AdminJS } from 'adminjs';

  interface AssetBundler {
    setInputOption(key: 'input', value: string): AssetBundler;
    setOutputOption(key: 'file', value: string): AssetBundler;
    createEntry(options: { dir: string; content: string }): Promise<void>;
    build(): Promise<void>;
  }

  export const componentsBundler: AssetBundler;
  export function generateUserComponentEntry(admin: AdminJS, folder: string): string;
}
