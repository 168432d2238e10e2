/**
 * Signatures of receipts and reports: JWS (RFC 7515) with Ed25519, so that any JOSE library can
 * check them. One text has one signature and one spelling: whatever differs in a single character
 * is refused.
 *
 *   receipt:  header.payload.signature          report:  header..signature beside the text itself
 */
import { createHash, createHmac, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Seal } from './statement.ts';

/** In the header, so that a signature of one thing is never taken for one of another. */
export type Signed = 'gavel-receipt' | 'gavel-report';

export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: PublicJwk;
  /** Follows from the key, so that one key has one seal for each chain hash. */
  readonly seal: Seal;
}

export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
}

export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** `unreadable`: no signature at all. `other key`: none of ours. `forged`: ours, and not for this. */
export type Fault = 'unreadable' | 'other key' | 'forged';

export class BadSignature extends Error {
  override name = 'BadSignature';
  readonly fault: Fault;
  constructor(fault: Fault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** An Ed25519 key as it is used here. */
export function signingKeyOf(privateKey: KeyObject): SigningKey {
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const kid = thumbprint(x);
  const secret = createHmac('sha256', Buffer.from(d, 'base64url')).update('gavel-seal').digest();
  return {
    kid,
    privateKey,
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' },
    seal: (chainHash) => createHmac('sha256', secret).update(chainHash).digest('hex'),
  };
}

/** The compact form. Signed on a thread of the pool: about 50 µs that nobody waits for. */
export function signCompact(what: Signed, text: string, key: SigningKey): Promise<string> {
  const input = `${headerOf(what, key.kid)}.${base64url(text)}`;
  return new Promise((resolve, reject) => {
    sign(null, Buffer.from(input), key.privateKey, (error, signature) => {
      if (error === null) resolve(`${input}.${signature.toString('base64url')}`);
      else reject(error);
    });
  });
}

/** The form beside a text: the compact one without its middle. */
export async function signDetached(what: Signed, text: string, key: SigningKey): Promise<string> {
  const [header = '', , signature = ''] = (await signCompact(what, text, key)).split('.');
  return `${header}..${signature}`;
}

/** The text in a compact form whose signature is good, and whose. @throws BadSignature */
export function openCompact(
  what: Signed,
  compact: string,
  keys: PublicKeys,
): { readonly text: string; readonly kid: string } {
  const [header = '', payload = '', signature = '', ...rest] = compact.split('.');
  if (rest.length > 0 || !/^[\w-]+$/.test(header + payload + signature)) {
    throw new BadSignature('unreadable', 'it is not of the form header.payload.signature');
  }
  const kid = kidOf(what, header);
  const key = keys.get(kid);
  if (key === undefined) throw new BadSignature('other key', `it is signed with the key ${kid}`);
  const bytes = Buffer.from(signature, 'base64url');
  const isGood =
    headerOf(what, kid) === header &&
    bytes.toString('base64url') === signature &&
    verify(null, Buffer.from(`${header}.${payload}`), key, bytes);
  if (!isGood) throw new BadSignature('forged', 'the signature does not fit the text');
  return { text: Buffer.from(payload, 'base64url').toString('utf8'), kid };
}

/** The public keys of a JWKS by their ids; those of other kinds are passed over. */
export function publicKeysOf(jwks: unknown): PublicKeys {
  const list = (jwks as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) throw new Error('a JWKS has a list of keys');
  const keys = new Map<string, KeyObject>();
  for (const jwk of list as readonly Partial<PublicJwk>[]) {
    if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || typeof jwk.x !== 'string') continue;
    const { kty, crv, x } = jwk;
    // By what it is, not by what it calls itself.
    keys.set(thumbprint(x), createPublicKey({ key: { kty, crv, x }, format: 'jwk' }));
  }
  return keys;
}

/** @throws BadSignature */
function kidOf(what: Signed, header: string): string {
  try {
    const { alg, typ, kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as {
      readonly alg?: unknown;
      readonly typ?: unknown;
      readonly kid?: unknown;
    };
    if (alg === 'EdDSA' && typ === what && typeof kid === 'string') return kid;
  } catch {
    // Told below, like any other header that is none.
  }
  throw new BadSignature('unreadable', `its header is not that of a ${what}`);
}

function headerOf(what: Signed, kid: string): string {
  return base64url(JSON.stringify({ alg: 'EdDSA', typ: what, kid }));
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** RFC 7638: the members in this order, nothing between them. */
export function thumbprint(x: string): string {
  const text = `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`;
  return createHash('sha256').update(text).digest('base64url');
}
