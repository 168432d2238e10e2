/**
 * Ends tokens before their time: stands in front of the check of signatures and knows, in memory,
 * which sessions have ended and which version of each account is the oldest that counts. Tokens
 * without these claims (of `gavel token`) only end with the account itself.
 */
import type { Revocation } from '../account/requests.ts';
import { DAY_MS, MINUTE_MS } from '../config/limits.ts';
import type { TokenVerifier } from './token-verifier.ts';
import type { Identity } from './user.ts';

/** The longest life of an access token, with the tolerance of clocks. */
const REMEMBERED_MS = DAY_MS + 5 * MINUTE_MS;

export class AccountGuard implements TokenVerifier {
  readonly #verifier: TokenVerifier;
  readonly #nowMs: () => number;
  /** Accounts that every token is not simply good for. */
  readonly #versions = new Map<string, { readonly version: number; readonly active: boolean }>();
  readonly #endedSessions = new Map<string, number>();

  constructor(verifier: TokenVerifier, nowMs: () => number) {
    this.#verifier = verifier;
    this.#nowMs = nowMs;
  }

  known(token: string): Identity | undefined {
    const identity = this.#verifier.known(token);
    return identity !== undefined && this.#allows(identity) ? identity : undefined;
  }

  async verify(token: string): Promise<Identity | 'TOKEN_INVALID' | 'TOKEN_EXPIRED'> {
    const identity = await this.#verifier.verify(token);
    if (typeof identity === 'string' || this.#allows(identity)) return identity;
    return 'TOKEN_INVALID';
  }

  revoke(revocation: Revocation): void {
    if (revocation.kind === 'version') {
      const { userId, version, active } = revocation;
      this.#versions.set(userId, { version, active });
      return;
    }
    const nowMs = this.#nowMs();
    this.#endedSessions.set(revocation.session, nowMs);
    for (const [session, endedAtMs] of this.#endedSessions) {
      if (endedAtMs + REMEMBERED_MS > nowMs) return;
      this.#endedSessions.delete(session);
    }
  }

  #allows({ userId, accountSession, accountVersion }: Identity): boolean {
    if (accountSession !== undefined && this.#endedSessions.has(accountSession)) return false;
    const oldest = this.#versions.get(userId);
    if (oldest === undefined) return true;
    return oldest.active && (accountVersion ?? oldest.version) >= oldest.version;
  }
}
