/** How the values of environment variables are read: each says, in a sentence with the variable's name, what is wrong with it. */
import { isIP } from 'node:net';
import { z } from 'zod';

export const port = (name: string) =>
  z.coerce
    .number({ error: `${name} must be a port number, 0 to 65535.` })
    .int(`${name} must be a whole number.`)
    .min(0, `${name} must be 0 to 65535.`)
    .max(65_535, `${name} must be 0 to 65535.`);
export const webAddress = (name: string) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^https?:/.test(text),
      `${name} must be a web address that starts with http:// or https://.`,
    )
    .transform((text) => text.replace(/\/+$/, ''));
export const origin = (name: string) =>
  webAddress(name).refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    `${name} must be scheme and host only (such as https://posts.example.com), without a path.`,
  );
export const oneOf = <const T extends readonly [string, ...string[]]>(name: string, values: T) =>
  z.enum(values, { error: `${name} must be one of: ${values.join(', ')}.` });

/** @returns a URI: an e-mail address becomes `mailto:` */
export const contact = (name: string) =>
  z
    .string()
    .trim()
    .transform((text) => (/^[^\s:@]+@[^\s:@]+\.[^\s:@]+$/.test(text) ? `mailto:${text}` : text))
    .refine(
      (text) => /^(?:mailto:[^\s@]+@|https:\/\/)\S+$/.test(text) && URL.canParse(text),
      `${name} must be an e-mail address or a web address that starts with https://.`,
    );

/** The words never repeat the value: it has a password in it. */
export const smtpAddress = (name: string) =>
  z
    .string()
    .regex(/^smtps?:\/\//, {
      error: `${name} must start with smtp:// or smtps://. Leave it out to send no e-mail.`,
      abort: true,
    })
    .refine(
      (text) => URL.canParse(text) && new URL(text).hostname !== '',
      `${name} is not an address such as smtp://user:password@mail.example.com:587; special characters of the password must be percent-encoded.`,
    );

/** `posts@example.com`, or with a name: `Posts <posts@example.com>`. */
export const sender = (name: string) =>
  z
    .string()
    .refine(
      (text) => /^([^<>\r\n]+<)?[^\s@<>]+@[^\s@<>]+>?$/.test(text) && text.includes('<') === text.endsWith('>'),
      `${name} must be an e-mail address, such as posts@example.com or Posts <posts@example.com>.`,
    );

export function sessionSecrets(text: string, check: z.RefinementCtx<string>): readonly string[] {
  const secrets = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (secrets.length === 0 || secrets.some((secret) => secret.length < 32)) {
    check.addIssue(
      'SESSION_SECRET must be a comma list of secrets of at least 32 characters each. Make one with: openssl rand -base64 48',
    );
  }
  return secrets;
}

/**
 * Reads `id:base64,id:base64`. Also used for the generated key file.
 * @returns the keys; problems are reported on `check`
 */
export function tokenKeys(
  text: string,
  check: { addIssue(message: string): void },
): readonly { id: string; key: Buffer }[] {
  const keys = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):(.+)$/.exec(part) ?? [];
      const key = Buffer.from(base64 ?? '', 'base64');
      if (id === undefined || key.length !== 32) {
        check.addIssue(
          `TOKEN_KEYS must be a comma list of id:base64 with 32 bytes each; ${id === undefined ? 'an entry is not of that form' : `key "${id}" has ${key.length} bytes`}. Make one with: echo "k1:$(openssl rand -base64 32)"`,
        );
      }
      return { id: id ?? '', key };
    });
  if (keys.length === 0)
    check.addIssue('TOKEN_KEYS has no key in it. Make one with: echo "k1:$(openssl rand -base64 32)"');
  if (new Set(keys.map(({ id }) => id)).size !== keys.length)
    check.addIssue('TOKEN_KEYS has the same key id twice. Give each key its own id.');
  return keys;
}

/** Express's words for `trust proxy`; anything else would only fail when the server is built. */
export function isTrustedProxies(text: string): boolean {
  if (/^(off|on|false|true|\d{1,2})$/.test(text)) return true;
  return text.split(',').every((part) => {
    const [address = '', length, ...rest] = part.trim().split('/');
    if (rest.length > 0) return false;
    if (length === undefined && /^(loopback|linklocal|uniquelocal)$/.test(address)) return true;
    const version = isIP(address);
    return (
      version !== 0 &&
      (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128)))
    );
  });
}

export function trustProxy(text: string): false | number | string {
  if (text === 'off' || text === 'false' || text === '0') return false;
  if (text === 'on' || text === 'true') return 1;
  return /^\d+$/.test(text) ? Number(text) : text;
}
