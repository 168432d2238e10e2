/** Every account, as the events made it, with the look-ups that the rules need. */
import { DAY_MS } from '../config/limits.ts';
import type { AccountRef, Role } from './events.ts';
import type { Kept } from './kept.ts';

export interface AccountSession {
  readonly id: string;
  tokenHash: string;
  expiresAtMs: number;
}

export interface Account {
  readonly ref: AccountRef;
  readonly userId: string;
  /** Null: erased. */
  email: string | null;
  displayName: string;
  password: string;
  roles: readonly Role[];
  tier: string;
  /** Raised when tokens that were given out have to end at once. */
  version: number;
  /** `guest`: signs in elsewhere. */
  status: 'active' | 'disabled' | 'deleted' | 'guest';
  reset: { readonly tokenHash: string; readonly expiresAtMs: number } | null;
  readonly createdAtMs: number;
  /** In the order of opening. */
  readonly sessions: Map<string, AccountSession>;
  readonly kept: Kept;
}

/** The longest life of an access token: so long an ended session has to be remembered. */
export const ENDED_SESSIONS_MS = DAY_MS + 5 * 60_000;

export class AccountState {
  /** By number; 0 stays empty. */
  readonly accounts: (Account | undefined)[] = [undefined];
  readonly byUserId = new Map<string, Account>();
  /** By what `emailKey` makes of the address. */
  readonly byEmail = new Map<string, Account>();
  readonly bySession = new Map<string, Account>();
  readonly byReset = new Map<string, Account>();
  /** Sessions that ended while access tokens of theirs may be about, with the time. */
  readonly endedSessions = new Map<string, number>();

  get nextRef(): AccountRef {
    return this.accounts.length as AccountRef;
  }
}

/** Two addresses with the same key are one. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

/** Whether it is an account to sign in to: neither erased, nor of somebody who signs in elsewhere. */
export function hasPassword(
  account: Account,
): account is Account & { status: 'active' | 'disabled' } {
  return account.status === 'active' || account.status === 'disabled';
}
