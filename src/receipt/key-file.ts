/**
 * The key that receipts and reports are signed with, in a file that only its owner may read. It is
 * not the key of tokens: those change, or belong to a sign-in service, and a receipt has to be
 * checked years later.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keysFolder, makeKeysFolder, writeDurably } from '../journal/data-folder.ts';
import type { SigningKey } from './signature.ts';
import { signingKeyOf } from './signature.ts';

const KEY_FILE = 'receipt-signing.jwk';
/** For instance receipt-signing-2026.jwk: renamed by the operator, so that a new one is made. */
const FORMER_KEY_FILE = /^receipt-signing-[\w.-]+\.jwk$/;
const KEY_MODE = 0o600;

/** The file is there, and is no key: whoever needs it must not go on with another one. */
export class UnusableKey extends Error {
  override name = 'UnusableKey';
}

export function receiptKeyFile(dataFolder: string): string {
  return join(keysFolder(dataFolder), KEY_FILE);
}

/** As readReceiptKeys, of a folder that is ours; a key is made durable where none signs. */
export function loadOrCreateReceiptKeys(dataFolder: string): readonly SigningKey[] {
  const path = receiptKeyFile(dataFolder);
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    makeKeysFolder(dataFolder);
    writeDurably(path, `${JSON.stringify(privateKey.export({ format: 'jwk' }))}\n`, KEY_MODE);
  }
  return readReceiptKeys(dataFolder);
}

/**
 * All keys of a folder: the one that signs, and former ones, whose receipts it still answers for.
 * @throws UnusableKey, and what reading throws; without any key: an empty list.
 */
export function readReceiptKeys(dataFolder: string): readonly SigningKey[] {
  const folder = keysFolder(dataFolder);
  if (!existsSync(folder)) return [];
  const former = readdirSync(folder).filter((name) => FORMER_KEY_FILE.test(name));
  const files = [KEY_FILE, ...former.toSorted()].map((name) => join(folder, name));
  return files.filter((path) => existsSync(path)).map(readKey);
}

/** The key that signs. @throws UnusableKey */
export function readReceiptKey(dataFolder: string): SigningKey {
  return readKey(receiptKeyFile(dataFolder));
}

function readKey(path: string): SigningKey {
  const key = parseKey(readFileSync(path, 'utf8'));
  if (key !== undefined) return key;
  throw new UnusableKey(
    `${path} is not a private Ed25519 key; put it back from a snapshot, or move it out of the ` +
      'folder: then the server makes another one, and the log can no longer be held against ' +
      'receipts of this one',
  );
}

/** Whether a key file holds a whole key, whatever it signs. */
export function isWholeKey(text: string): boolean {
  return parseKey(text) !== undefined;
}

function parseKey(text: string): SigningKey | undefined {
  try {
    const jwk = JSON.parse(text) as { readonly kty: string; readonly crv: string; x: string };
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
    // A damaged half would sign what the other half does not fit.
    const isWhole = createPublicKey(privateKey).export({ format: 'jwk' }).x === jwk.x;
    return jwk.crv === 'Ed25519' && isWhole ? signingKeyOf(privateKey) : undefined;
  } catch {
    return undefined;
  }
}
