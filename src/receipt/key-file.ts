/**
 * The key that receipts and reports are signed with, in a file that only its owner may read. It is
 * not the key of tokens: those change, or belong to a sign-in service, and a receipt has to be
 * checked years later.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keysFolder, makeKeysFolder, writeDurably } from '../journal/data-folder.ts';
import type { SigningKey } from './signature.ts';
import { thumbprint } from './signature.ts';

const KEY_FILE = 'receipt-signing.jwk';
const KEY_MODE = 0o600;

/** The file is there, and is no key: whoever needs it must not go on with another one. */
export class UnusableKey extends Error {
  override name = 'UnusableKey';
}

export function receiptKeyFile(dataFolder: string): string {
  return join(keysFolder(dataFolder), KEY_FILE);
}

/** The key of a data folder that is ours; made durable where there is none. @throws UnusableKey */
export function loadOrCreateReceiptKey(dataFolder: string): SigningKey {
  const path = receiptKeyFile(dataFolder);
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    makeKeysFolder(dataFolder);
    writeDurably(path, `${JSON.stringify(privateKey.export({ format: 'jwk' }))}\n`, KEY_MODE);
  }
  return readReceiptKey(dataFolder);
}

/** @throws UnusableKey, and what reading throws. */
export function readReceiptKey(dataFolder: string): SigningKey {
  const path = receiptKeyFile(dataFolder);
  const key = parseKey(readFileSync(path, 'utf8'));
  if (key !== undefined) return key;
  throw new UnusableKey(
    `${path} is not a private Ed25519 key; put it back from a snapshot (keys/${KEY_FILE}), or move ` +
      'it away: the server then makes another one, and receipts of the former key are checked with ' +
      'its public part (gavel verify --receipt … --keys FILE)',
  );
}

function parseKey(text: string): SigningKey | undefined {
  try {
    const jwk = JSON.parse(text) as { readonly kty: string; readonly crv: string; x: string };
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    // A damaged half would sign what the other half does not fit.
    if (jwk.crv !== 'Ed25519' || x !== jwk.x) return undefined;
    const kid = thumbprint(x);
    const publicJwk = { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' } as const;
    return { kid, privateKey, publicJwk };
  } catch {
    return undefined;
  }
}
