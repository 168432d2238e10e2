/** A user of this process, and what a token says about one. */
import { RateBucket } from './rate-bucket.ts';
import type { UserNumber } from './shard-port.ts';

/** Roles as bits, so that a check on the hot path is one operation. */
export const BIDDER = 1;
export const SELLER = 2;
export const ADMIN = 4;
/** Whoever is signed in. */
export const ANYBODY = BIDDER | SELLER | ADMIN;

export type RoleName = 'bidder' | 'seller' | 'admin';

export const ROLE_BITS: Readonly<Record<RoleName, number>> = {
  bidder: BIDDER,
  seller: SELLER,
  admin: ADMIN,
};

/** What a refusal for a missing role says; `roles`: any of these. */
export function neededRole(roles: number): string {
  const names = Object.entries(ROLE_BITS).filter(([, bit]) => (bit & roles) !== 0);
  return `the role ${names.map(([name]) => name).join(' or ')} is needed`;
}

export class User {
  /** Given by the table. */
  number: UserNumber = 0;
  readonly id: string;
  /** As the newest token says (claim `tier`); null: it says none. */
  tier: string | null = null;
  /** Connections and requests that need it to stay. */
  holds = 0;
  /** Commands over all connections and REST. */
  readonly commands = new RateBucket();

  constructor(id: string) {
    this.id = id;
  }
}

/** What a good token says. */
export interface Identity {
  readonly userId: string;
  readonly roles: number;
  readonly expiresAtMs: number;
  /** The claim `tier`: whose commands go first under overload. */
  readonly tier?: string;
  /** The session of an own account (`sid`), and the version of the account then (`ver`). */
  readonly accountSession?: string;
  readonly accountVersion?: number;
}
