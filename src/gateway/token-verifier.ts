/**
 * Checks tokens: signed JWTs with one algorithm (EdDSA), a key that is found by its exact `kid` in
 * keys that the operator configured, and every claim that matters present. Where a token says its
 * key comes from (jwk, jku, x5u) is never looked at. Good tokens are remembered until they expire,
 * so that REST requests cost a signature check only once.
 */
import { readTier } from '../account/fields.ts';
import { WIRE } from '../config/limits.ts';
import type { CryptoKey, JWTHeaderParameters, JWTPayload } from 'jose';
import { errors, jwtVerify } from 'jose';
import type { Identity, RoleName } from './user.ts';
import { ROLE_BITS } from './user.ts';

/** Public keys by `kid`; may change under way (a JWKS that is fetched again). */
export interface KeySource {
  find(kid: string): CryptoKey | undefined;
}

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly clockToleranceMs: number;
}

export interface TokenVerifier {
  /** The identity behind a token that was found good before and still is; costs nothing. */
  known(token: string): Identity | undefined;
  /** Rejects only for our own errors. */
  verify(token: string): Promise<Identity | 'TOKEN_INVALID' | 'TOKEN_EXPIRED'>;
}

const TYPES: ReadonlySet<string> = new Set(['JWT', 'at+jwt']);
const REQUIRED_CLAIMS = ['iss', 'aud', 'exp', 'iat', 'sub', 'jti'];
/** No control or other invisible characters. */
const USER_ID_PATTERN = /^[^\p{C}]{1,64}$/u;

export class JwtVerifier implements TokenVerifier {
  readonly #keys: KeySource;
  readonly #rules: TokenRules;
  readonly #nowMs: () => number;
  readonly #rememberedMax: number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(keys: KeySource, rules: TokenRules, nowMs: () => number, rememberedMax: number) {
    this.#keys = keys;
    this.#rules = rules;
    this.#nowMs = nowMs;
    this.#rememberedMax = rememberedMax;
  }

  known(token: string): Identity | undefined {
    const known = this.#remembered.get(token);
    if (known === undefined) return undefined;
    const { identity, kid, key } = known;
    if (identity.expiresAtMs > this.#nowMs() && this.#keys.find(kid) === key) return identity;
    this.#remembered.delete(token);
    return undefined;
  }

  async verify(token: string): Promise<Identity | 'TOKEN_INVALID' | 'TOKEN_EXPIRED'> {
    if (token.length > WIRE.tokenCharsMax) return 'TOKEN_INVALID';
    const known = this.known(token);
    if (known !== undefined) return known;
    try {
      const { payload, protectedHeader, key } = await jwtVerify(
        token,
        (header) => this.#keyFor(header),
        {
          algorithms: ['EdDSA'],
          issuer: this.#rules.issuer,
          audience: this.#rules.audience,
          requiredClaims: REQUIRED_CLAIMS,
          clockTolerance: this.#rules.clockToleranceMs / 1000,
          currentDate: new Date(this.#nowMs()),
        },
      );
      const identity = this.#identity(payload);
      if (identity === undefined) return 'TOKEN_INVALID';
      this.#remember(token, { identity, kid: protectedHeader.kid ?? '', key });
      return identity;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'TOKEN_EXPIRED';
      if (error instanceof errors.JOSEError || error instanceof UnknownKey) return 'TOKEN_INVALID';
      // Web cryptography's own errors: a signature or key that does not even parse.
      if (error instanceof DOMException || error instanceof TypeError) return 'TOKEN_INVALID';
      throw error;
    }
  }

  #keyFor(header: JWTHeaderParameters): CryptoKey {
    if (header.typ === undefined || !TYPES.has(header.typ)) throw new UnknownKey('typ');
    if (typeof header.kid !== 'string') throw new UnknownKey('kid');
    const key = this.#keys.find(header.kid);
    if (key === undefined) throw new UnknownKey('kid');
    return key;
  }

  #identity(payload: JWTPayload): Identity | undefined {
    const { sub, jti, iat, exp } = payload;
    if (typeof sub !== 'string' || !USER_ID_PATTERN.test(sub)) return undefined;
    if (typeof jti !== 'string' || jti.length === 0 || jti.length > WIRE.tokenIdCharsMax)
      return undefined;
    if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
    if (iat * 1000 > this.#nowMs() + this.#rules.clockToleranceMs) return undefined;
    const expiresAtMs = Math.floor(exp * 1000) + this.#rules.clockToleranceMs;
    if (!Number.isSafeInteger(expiresAtMs)) return undefined;
    const roles = rolesOf(payload['roles']);
    if (roles === undefined) return undefined;
    const { sid, ver } = payload;
    const tier = readTier(payload['tier']);
    return {
      userId: sub,
      roles,
      expiresAtMs,
      ...(tier !== undefined && { tier }),
      ...(typeof sid === 'string' && { accountSession: sid }),
      ...(typeof ver === 'number' && { accountVersion: ver }),
    };
  }

  #remember(token: string, checked: Remembered): void {
    if (this.#remembered.size >= this.#rememberedMax) {
      // The oldest stands first.
      const [oldest = ''] = this.#remembered.keys();
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(token, checked);
  }
}

/** A good token; good as long as its key is still there. */
interface Remembered {
  readonly identity: Identity;
  readonly kid: string;
  readonly key: CryptoKey;
}

class UnknownKey extends Error {
  override name = 'UnknownKey';
}

/** Roles as bits; names that are not ours are ignored. Undefined: not a list of texts. */
function rolesOf(claim: unknown): number | undefined {
  if (claim === undefined) return 0;
  if (!Array.isArray(claim)) return undefined;
  let roles = 0;
  for (const name of claim) {
    if (typeof name !== 'string') return undefined;
    if (Object.hasOwn(ROLE_BITS, name)) roles |= ROLE_BITS[name as RoleName];
  }
  return roles;
}
