/**
 * What has happened to accounts: the facts that the account log holds. Evolving the state over
 * these events, and nothing else, rebuilds every account. What is personal (e-mail, display name,
 * password hash, searches, the words of feedback) stands encrypted in the log (record.ts).
 */
import type { Brand } from '../lib/brand.ts';

/** Number of an account, from 1 in the order of registering. */
export type AccountRef = Brand<number, 'AccountRef'>;

export type Role = 'bidder' | 'seller' | 'admin';
export const ROLES: readonly Role[] = ['bidder', 'seller', 'admin'];

interface Happened {
  readonly account: AccountRef;
  readonly atMs: number;
}

export interface AccountRegistered extends Happened {
  readonly kind: 'AccountRegistered';
  /** The subject of its tokens, and the name under which auctions know it. */
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  /** A password hash with its parameters (password.ts). */
  readonly password: string;
  readonly roles: readonly Role[];
  readonly tier: string;
}

export interface SessionOpened extends Happened {
  readonly kind: 'SessionOpened';
  readonly session: string;
  /** SHA-256 of the refresh token, hex. */
  readonly tokenHash: string;
  readonly expiresAtMs: number;
}

/** The former refresh token is spent: whoever shows it again ends the session. */
export interface SessionRefreshed extends Happened {
  readonly kind: 'SessionRefreshed';
  readonly session: string;
  readonly tokenHash: string;
  readonly expiresAtMs: number;
}

export const SESSION_ENDS = ['logout', 'reuse', 'expired', 'crowded', 'password'] as const;

export interface SessionEnded extends Happened {
  readonly kind: 'SessionEnded';
  readonly session: string;
  readonly reason: (typeof SESSION_ENDS)[number];
}

export interface NameChanged extends Happened {
  readonly kind: 'NameChanged';
  readonly displayName: string;
}

export interface EmailChanged extends Happened {
  readonly kind: 'EmailChanged';
  readonly email: string;
}

/** A new password. Tokens that name an older version are void from here on. */
export interface PasswordChanged extends Happened {
  readonly kind: 'PasswordChanged';
  readonly password: string;
  readonly version: number;
}

/** The same password under newer parameters. */
export interface PasswordRehashed extends Happened {
  readonly kind: 'PasswordRehashed';
  readonly password: string;
}

export interface ResetRequested extends Happened {
  readonly kind: 'ResetRequested';
  readonly tokenHash: string;
  readonly expiresAtMs: number;
}

export interface AccountDisabled extends Happened {
  readonly kind: 'AccountDisabled';
  readonly version: number;
}

export interface AccountEnabled extends Happened {
  readonly kind: 'AccountEnabled';
}

export interface AccountGranted extends Happened {
  readonly kind: 'AccountGranted';
  readonly roles: readonly Role[];
  readonly tier: string;
  readonly version: number;
}

/** Its personal data are erased; its user id stays with the auctions. */
export interface AccountDeleted extends Happened {
  readonly kind: 'AccountDeleted';
  readonly version: number;
}

/** Somebody who signs in elsewhere, and keeps something here. There is a key, and no password. */
export interface GuestAdmitted extends Happened {
  readonly kind: 'GuestAdmitted';
  readonly userId: string;
}

export interface WatchAdded extends Happened {
  readonly kind: 'WatchAdded';
  readonly auctionId: string;
}

export interface WatchRemoved extends Happened {
  readonly kind: 'WatchRemoved';
  readonly auctionId: string;
}

export interface SearchSaved extends Happened {
  readonly kind: 'SearchSaved';
  readonly search: string;
  readonly name: string;
  /** The question, as parameters of /v1/search. */
  readonly query: string;
}

export interface SearchDropped extends Happened {
  readonly kind: 'SearchDropped';
  readonly search: string;
}

export type Rating = -1 | 0 | 1;
/** Which side of the sale its author was on. */
export const FEEDBACK_SIDES = ['buyer', 'seller'] as const;
export type FeedbackSide = (typeof FEEDBACK_SIDES)[number];

/** One side of a sale on the other. */
export interface FeedbackLeft extends Happened {
  readonly kind: 'FeedbackLeft';
  /** Whom it is about. */
  readonly about: AccountRef;
  readonly auctionId: string;
  readonly as: FeedbackSide;
  readonly rating: Rating;
  readonly text: string;
}

export type KeptEvent = WatchAdded | WatchRemoved | SearchSaved | SearchDropped | FeedbackLeft;

export type AccountEvent =
  | GuestAdmitted
  | KeptEvent
  | AccountRegistered
  | SessionOpened
  | SessionRefreshed
  | SessionEnded
  | NameChanged
  | EmailChanged
  | PasswordChanged
  | PasswordRehashed
  | ResetRequested
  | AccountDisabled
  | AccountEnabled
  | AccountGranted
  | AccountDeleted;
