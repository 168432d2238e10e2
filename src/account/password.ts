/**
 * Password hashes as text: `scrypt$17$8$1$<salt>$<hash>`, the parameters with each of them, so that
 * they can be raised later. Hashing itself takes a third of a second and is done elsewhere.
 */
import { timingSafeEqual } from 'node:crypto';
import { must } from '../lib/assert.ts';

export interface ScryptParameters {
  /** Base-2 logarithm of N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

export const SALT_BYTES = 16;
export const HASH_BYTES = 32;

/** Undefined: too many wait already. */
export type HashPassword = (
  password: string,
  salt: Uint8Array,
  parameters: ScryptParameters,
) => Promise<Uint8Array | undefined>;

export interface ParsedHash {
  readonly parameters: ScryptParameters;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export function hashText({ parameters, salt, hash }: ParsedHash): string {
  const { logN, r, p } = parameters;
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return `scrypt$${logN}$${r}$${p}$${base64(salt)}$${base64(hash)}`;
}

export function parseHash(text: string): ParsedHash {
  const pattern = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w+/=]+)\$([\w+/=]+)$/;
  const [, logN, r, p, salt = '', hash = ''] = must(pattern.exec(text), 'a stored password hash');
  return {
    parameters: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function equalParameters(a: ScryptParameters, b: ScryptParameters): boolean {
  return a.logN === b.logN && a.r === b.r && a.p === b.p;
}
