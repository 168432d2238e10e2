/** What people type: each gives the text to keep, or undefined where it is not allowed. */
import { ACCOUNTS } from '../config/limits.ts';

export const EMAIL_RULE = 'must be an e-mail address of at most 254 characters';
export const NAME_RULE = 'must be 1 to 40 characters without line breaks';
export const PASSWORD_RULE = 'must be 8 to 128 bytes of text';
export const TIER_RULE = 'must be 1 to 32 letters, digits, dots, dashes or underscores';

const EMAIL = /^[^\s@\p{C}]{1,64}@[^\s@\p{C}]+\.[^\s@\p{C}]+$/u;

export function readEmail(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const email = value.normalize('NFC').trim();
  return email.length <= ACCOUNTS.emailCharsMax && EMAIL.test(email) ? email : undefined;
}

export function readDisplayName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const name = value.normalize('NFC').trim();
  return /^[^\p{C}\p{Zl}\p{Zp}]{1,40}$/u.test(name) ? name : undefined;
}

export function readPassword(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined;
  const password = value.normalize('NFC');
  const bytes = Buffer.byteLength(password);
  const { passwordBytesMin, passwordBytesMax } = ACCOUNTS;
  return bytes >= passwordBytesMin && bytes <= passwordBytesMax ? password : undefined;
}

export function readTier(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,32}$/.test(value) ? value : undefined;
}
