/**
 * Makes tokens: the key that a server without a sign-in service of its own signs with, kept in one
 * file that only its owner may read, and the tokens themselves.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { RoleName } from './user.ts';

const KEY_FILE = 'token-signing.jwk';

/** An Ed25519 key with both halves; `kid` is the thumbprint of the public one. */
export interface SigningKey {
  readonly kid: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

export interface TokenRequest {
  readonly sub: string;
  readonly roles: readonly RoleName[];
  readonly ttlMs: number;
  readonly issuer: string;
  readonly audience: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly tier?: string;
  /** Of an own account. */
  readonly account?: { readonly sid: string; readonly ver: number; readonly tier: string };
}

export async function createKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return fromPrivate(await exportJWK(privateKey));
}

/** The key in this folder; made and made durable when there is none. */
export async function loadOrCreateKeyFile(folder: string): Promise<SigningKey> {
  const path = join(folder, KEY_FILE);
  const existing = await readKey(path);
  if (existing !== undefined) return existing;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await createKey();
  const temporary = join(folder, `.${KEY_FILE}.${randomUUID()}`);
  await writeDurably(temporary, `${JSON.stringify({ ...key.privateJwk, kid: key.kid })}\n`);
  try {
    // A link does not replace: of two that start at once the first one's key counts.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(folder);
  const kept = await readKey(path);
  if (kept === undefined) throw new Error(`The signing key ${path} vanished while it was made.`);
  return kept;
}

/** The key set that checks what this key signs. */
export function jwksOf(key: SigningKey): { keys: JWK[] } {
  return { keys: [key.publicJwk] };
}

export async function signToken(key: SigningKey, request: TokenRequest): Promise<string> {
  const { sub, roles, ttlMs, issuer, audience, nowMs, tier } = request;
  const iat = Math.floor(nowMs / 1000);
  return new SignJWT({ roles: [...roles], ...(tier !== undefined && { tier }), ...request.account })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(sub)
    .setJti(randomUUID())
    .setIssuedAt(iat)
    .setExpirationTime(iat + Math.ceil(ttlMs / 1000))
    .sign(await importJWK(key.privateJwk, 'EdDSA'));
}

async function readKey(path: string): Promise<SigningKey | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let jwk: JWK;
  try {
    jwk = JSON.parse(text) as JWK;
  } catch {
    throw new Error(`The signing key ${path} is not JSON.`);
  }
  if (jwk.kty !== 'OKP' || jwk['crv'] !== 'Ed25519' || typeof jwk['d'] !== 'string') {
    throw new Error(`The signing key ${path} is not a private Ed25519 key.`);
  }
  return fromPrivate(jwk);
}

async function fromPrivate(jwk: JWK): Promise<SigningKey> {
  const { kty, crv, x, d } = jwk as { kty: string; crv: string; x: string; d: string };
  const kid = await calculateJwkThumbprint({ kty, crv, x } as JWK);
  return {
    kid,
    privateJwk: { kty, crv, x, d } as JWK,
    publicJwk: { kty, crv, x, kid, use: 'sig', alg: 'EdDSA' } as JWK,
  };
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
