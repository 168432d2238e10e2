/** What the gateway asks of the accounts, and what it gets: plain data that crosses threads. */
import type { Role } from './events.ts';
import type { AccountRefusal } from './refusal.ts';

export type AccountRequest =
  | {
      readonly kind: 'register';
      readonly email: string;
      readonly displayName: string;
      readonly password: string;
    }
  | { readonly kind: 'signIn'; readonly email: string; readonly password: string }
  | { readonly kind: 'refresh'; readonly refreshToken: string }
  | { readonly kind: 'signOut'; readonly userId: string; readonly session: string }
  | { readonly kind: 'profile'; readonly userId: string }
  | { readonly kind: 'changeName'; readonly userId: string; readonly displayName: string }
  | {
      readonly kind: 'changeEmail';
      readonly userId: string;
      readonly email: string;
      readonly password: string;
    }
  | {
      readonly kind: 'changePassword';
      readonly userId: string;
      readonly session: string | null;
      readonly password: string;
      readonly newPassword: string;
    }
  | { readonly kind: 'requestReset'; readonly email: string }
  | { readonly kind: 'resetPassword'; readonly token: string; readonly newPassword: string }
  | { readonly kind: 'disable' | 'enable'; readonly userId: string }
  | {
      readonly kind: 'grant';
      readonly userId: string;
      readonly roles: readonly Role[];
      readonly tier: string;
    }
  | { readonly kind: 'delete'; readonly userId: string; readonly password: string };

/** An account as its owner sees it. */
export interface Profile {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
  readonly tier: string;
  readonly status: 'active' | 'disabled';
  readonly createdAtMs: number;
  /** For access tokens. */
  readonly version: number;
}

export interface OpenedSession {
  readonly id: string;
  readonly refreshToken: string;
  readonly expiresAtMs: number;
}

export type AccountReply =
  | { readonly refusal: AccountRefusal | 'OVERLOADED' | 'UNKNOWN_OUTCOME' }
  | {
      readonly refusal: null;
      readonly profile: Profile | null;
      readonly session: OpenedSession | null;
    };

/** Tokens that were given out and are void now. */
export type Revocation =
  | { readonly kind: 'session'; readonly userId: string; readonly session: string }
  | {
      readonly kind: 'version';
      readonly userId: string;
      /** Tokens have to name this one or a newer one. */
      readonly version: number;
      /** Whether the account may be used at all. */
      readonly active: boolean;
      /** Whether connections end as well: what they may do has changed. */
      readonly closes: boolean;
    };

/** Something to be delivered to a person. */
export interface Letter {
  readonly kind: 'password-reset' | 'email-changed' | 'password-changed';
  readonly to: string;
  readonly atMs: number;
  /** For `password-reset`: good once, for a short time. */
  readonly token?: string;
}

/** How letters leave: the default writes them to a file, a mail service may take its place. */
export interface Outbox {
  deliver(letter: Letter): void;
}
