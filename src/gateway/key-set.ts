/**
 * Public keys from a JWKS, for checking tokens. Only Ed25519 keys with a `kid` are taken; others in
 * the same set (for other purposes of the sign-in service) are passed over.
 */
import { KEY_SET } from '../config/limits.ts';
import { readFile } from 'node:fs/promises';
import type { CryptoKey, JWK } from 'jose';
import { importJWK } from 'jose';
import type { KeySource } from './token-verifier.ts';

export class KeySet implements KeySource {
  #keysByKid: ReadonlyMap<string, CryptoKey> = new Map();

  get count(): number {
    return this.#keysByKid.size;
  }

  find(kid: string): CryptoKey | undefined {
    return this.#keysByKid.get(kid);
  }

  /** Takes the keys of this JWKS in place of the former. @throws Error if none can be used. */
  async replace(jwks: unknown): Promise<void> {
    const keysByKid = new Map<string, CryptoKey>();
    for (const jwk of keysOf(jwks)) {
      if (!isEd25519(jwk)) continue;
      // Only the public part, whatever the set holds.
      const { kty, crv, x } = jwk;
      const key = await importJWK({ kty, crv, x }, 'EdDSA');
      keysByKid.set(jwk.kid, key as CryptoKey);
    }
    if (keysByKid.size === 0) throw new Error('The JWKS holds no Ed25519 key with a kid.');
    this.#keysByKid = keysByKid;
  }

  /** Reads a JWKS from a file or an http(s) address of the operator's configuration. */
  async load(place: string): Promise<void> {
    await this.replace(JSON.parse(await textOf(place)));
  }
}

async function textOf(place: string): Promise<string> {
  if (!/^https?:\/\//.test(place)) return readFile(place, 'utf8');
  const response = await fetch(place, {
    redirect: 'error',
    signal: AbortSignal.timeout(KEY_SET.fetchTimeoutMs),
  });
  if (!response.ok) throw new Error(`The JWKS could not be fetched: status ${response.status}.`);
  const text = await response.text();
  if (text.length > KEY_SET.charsMax) throw new Error('The JWKS is too large.');
  return text;
}

function keysOf(jwks: unknown): readonly JWK[] {
  const keys = (jwks as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('A JWKS has a list of keys.');
  return keys as JWK[];
}

interface Ed25519Jwk {
  readonly kty: 'OKP';
  readonly crv: string;
  readonly x: string;
  readonly kid: string;
}

function isEd25519(jwk: JWK): jwk is JWK & Ed25519Jwk {
  return (
    jwk.kty === 'OKP' &&
    jwk['crv'] === 'Ed25519' &&
    typeof jwk['x'] === 'string' &&
    typeof jwk.kid === 'string' &&
    (jwk.use === undefined || jwk.use === 'sig') &&
    (jwk.alg === undefined || jwk.alg === 'EdDSA' || jwk.alg === 'Ed25519')
  );
}
