/**
 * What can be asked of the accounts. Commands carry hashes and ids that were made outside, because
 * the rules have no chance in them and hash nothing themselves. `checkedPassword` is the hash that
 * the given password was found to fit: if it is no longer the account's, nothing was proved.
 */
import type { Role } from './events.ts';

export interface Register {
  readonly kind: 'Register';
  readonly userId: string;
  readonly email: string;
  readonly displayName: string;
  readonly password: string;
}

export interface OpenSession {
  readonly kind: 'OpenSession';
  readonly email: string;
  readonly checkedPassword: string;
  readonly session: string;
  readonly tokenHash: string;
  readonly expiresAtMs: number;
  /** The same password under newer parameters; null: the stored hash is good. */
  readonly rehashed: string | null;
}

export interface RefreshSession {
  readonly kind: 'RefreshSession';
  readonly session: string;
  readonly shownHash: string;
  readonly tokenHash: string;
  readonly expiresAtMs: number;
}

export interface EndSession {
  readonly kind: 'EndSession';
  readonly userId: string;
  readonly session: string;
}

export interface ChangeName {
  readonly kind: 'ChangeName';
  readonly userId: string;
  readonly displayName: string;
}

export interface ChangeEmail {
  readonly kind: 'ChangeEmail';
  readonly userId: string;
  readonly email: string;
  readonly checkedPassword: string;
}

export interface ChangePassword {
  readonly kind: 'ChangePassword';
  readonly userId: string;
  /** The session that goes on; null: none. */
  readonly session: string | null;
  readonly password: string;
  readonly checkedPassword: string;
}

export interface RequestReset {
  readonly kind: 'RequestReset';
  readonly email: string;
  readonly tokenHash: string;
  readonly expiresAtMs: number;
}

export interface ResetPassword {
  readonly kind: 'ResetPassword';
  readonly tokenHash: string;
  readonly password: string;
}

export interface Disable {
  readonly kind: 'Disable';
  readonly userId: string;
}

export interface Enable {
  readonly kind: 'Enable';
  readonly userId: string;
}

export interface Grant {
  readonly kind: 'Grant';
  readonly userId: string;
  readonly roles: readonly Role[];
  readonly tier: string;
}

export interface Delete {
  readonly kind: 'Delete';
  readonly userId: string;
  readonly checkedPassword: string;
}

export type AccountCommand =
  | Register
  | OpenSession
  | RefreshSession
  | EndSession
  | ChangeName
  | ChangeEmail
  | ChangePassword
  | RequestReset
  | ResetPassword
  | Disable
  | Enable
  | Grant
  | Delete;
