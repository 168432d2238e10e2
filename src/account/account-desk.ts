/**
 * Requests of people, turned into commands: passwords are hashed and compared here, tokens are made
 * and hashed, letters are sent. An e-mail address that nobody has costs the same hash as one that
 * somebody has, and gets the same answer.
 */
import { createHash } from 'node:crypto';
import { unreachable } from '../lib/assert.ts';
import type { AccountWriter } from './account-writer.ts';
import type { AccountCommand } from './commands.ts';
import type { HashPassword, ScryptParameters } from './password.ts';
import {
  equalHashes,
  equalParameters,
  HASH_BYTES,
  hashText,
  parseHash,
  SALT_BYTES,
} from './password.ts';
import type { AccountRefusal } from './refusal.ts';
import type { AccountReply, AccountRequest, OpenedSession, Outbox, Profile } from './requests.ts';
import type { Account } from './state.ts';
import { emailKey, hasPassword } from './state.ts';

export interface AccountDeskOptions {
  readonly writer: AccountWriter;
  readonly hashPassword: HashPassword;
  readonly parameters: ScryptParameters;
  readonly outbox: Outbox;
  readonly nowMs: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** A new id: 22 letters and digits. */
  readonly newId: () => string;
  readonly refreshTtlMs: number;
  readonly resetTtlMs: number;
}

type RequestOf<K extends AccountRequest['kind']> = Extract<AccountRequest, { kind: K }>;

const refuse = (refusal: AccountRefusal | 'OVERLOADED'): AccountReply => ({ refusal });
const done = (profile: Profile | null, session: OpenedSession | null = null): AccountReply => ({
  refusal: null,
  profile,
  session,
});

/** The password does not fit, or could not be looked at. */
interface Unproved {
  readonly refusal: AccountRefusal | 'OVERLOADED';
}

export class AccountDesk {
  readonly #options: AccountDeskOptions;
  /** Compared with where there is no account; nothing fits it. */
  readonly #nobody: string;

  constructor(options: AccountDeskOptions) {
    this.#options = options;
    const { parameters, random } = options;
    const [salt, hash] = [random(SALT_BYTES), random(HASH_BYTES)];
    this.#nobody = hashText({ parameters, salt, hash });
  }

  async handle(request: AccountRequest): Promise<AccountReply> {
    switch (request.kind) {
      case 'register':
        return this.#register(request);
      case 'signIn':
        return this.#signIn(request);
      case 'refresh':
        return this.#refresh(request.refreshToken);
      case 'signOut':
        return this.#apply({ ...request, kind: 'EndSession' }, request.userId);
      case 'profile':
        return this.#profile(request.userId);
      case 'changeName':
        return this.#apply({ ...request, kind: 'ChangeName' }, request.userId);
      case 'changeEmail':
        return this.#changeEmail(request);
      case 'changePassword':
        return this.#changePassword(request);
      case 'requestReset':
        return this.#requestReset(request.email);
      case 'resetPassword':
        return this.#resetPassword(request);
      case 'disable':
        return this.#apply({ kind: 'Disable', userId: request.userId }, request.userId);
      case 'enable':
        return this.#apply({ kind: 'Enable', userId: request.userId }, request.userId);
      case 'grant':
        return this.#apply({ ...request, kind: 'Grant' }, request.userId);
      case 'delete':
        return this.#delete(request);
      default:
        return unreachable(request, 'an unknown request');
    }
  }

  async #register({ email, displayName, password }: RequestOf<'register'>): Promise<AccountReply> {
    const hashed = await this.#hash(password);
    if (hashed === undefined) return refuse('OVERLOADED');
    const userId = this.#options.newId();
    const given = { userId, email, displayName, password: hashed };
    return this.#apply({ kind: 'Register', ...given }, userId);
  }

  async #signIn({ email, password }: RequestOf<'signIn'>): Promise<AccountReply> {
    const { writer, parameters, nowMs, refreshTtlMs } = this.#options;
    const account = writer.state.byEmail.get(emailKey(email));
    const proof = await this.#prove(account, password, 'SIGN_IN_FAILED');
    if (typeof proof !== 'string') return proof;
    let rehashed: string | null = null;
    if (!equalParameters(parseHash(proof).parameters, parameters)) {
      rehashed = (await this.#hash(password)) ?? null;
    }
    const { id, secret, refreshToken } = this.#newToken();
    const expiresAtMs = nowMs() + refreshTtlMs;
    const refusal = writer.apply({
      kind: 'OpenSession',
      email,
      checkedPassword: proof,
      session: id,
      tokenHash: sha256(secret),
      expiresAtMs,
      rehashed,
    });
    if (refusal !== null) return refuse(refusal);
    return this.#profile(account?.userId ?? '', { id, refreshToken, expiresAtMs });
  }

  #refresh(refreshToken: string): AccountReply {
    const { writer, nowMs, refreshTtlMs } = this.#options;
    const [, id = '', shown = ''] =
      /^([0-9A-Za-z]{22})\.([0-9A-Za-z]{22})$/.exec(refreshToken) ?? [];
    const next = this.#newToken(id);
    const expiresAtMs = nowMs() + refreshTtlMs;
    const userId = writer.state.bySession.get(id)?.userId ?? '';
    const refusal = writer.apply({
      kind: 'RefreshSession',
      session: id,
      shownHash: sha256(shown),
      tokenHash: sha256(next.secret),
      expiresAtMs,
    });
    if (refusal !== null) return refuse(refusal);
    return this.#profile(userId, { id, refreshToken: next.refreshToken, expiresAtMs });
  }

  async #changeEmail(request: RequestOf<'changeEmail'>): Promise<AccountReply> {
    const { userId, email, password } = request;
    const account = this.#account(userId);
    const proof = await this.#prove(account, password, 'PASSWORD_WRONG');
    if (typeof proof !== 'string') return proof;
    const former = account?.email ?? null;
    const command = { kind: 'ChangeEmail', userId, email, checkedPassword: proof } as const;
    const reply = this.#apply(command, userId);
    if (reply.refusal === null && former !== null) this.#tell('email-changed', former);
    return reply;
  }

  async #changePassword(request: RequestOf<'changePassword'>): Promise<AccountReply> {
    const { userId, session, password, newPassword } = request;
    const account = this.#account(userId);
    const proof = await this.#prove(account, password, 'PASSWORD_WRONG');
    if (typeof proof !== 'string') return proof;
    const hashed = await this.#hash(newPassword);
    if (hashed === undefined) return refuse('OVERLOADED');
    const change = { userId, session, password: hashed, checkedPassword: proof };
    const reply = this.#apply({ kind: 'ChangePassword', ...change }, userId);
    const to = account?.email ?? null;
    if (reply.refusal === null && to !== null) this.#tell('password-changed', to);
    return reply;
  }

  #requestReset(email: string): AccountReply {
    const { writer, nowMs, newId, outbox, resetTtlMs } = this.#options;
    const token = newId();
    const atMs = nowMs();
    const tokenHash = sha256(token);
    const expiresAtMs = atMs + resetTtlMs;
    const refusal = writer.apply({ kind: 'RequestReset', email, tokenHash, expiresAtMs });
    const to = writer.state.byEmail.get(emailKey(email))?.email ?? null;
    // Whether there is such an account is nobody's business: the answer is the same.
    if (refusal === null && to !== null)
      outbox.deliver({ kind: 'password-reset', to, token, atMs });
    return done(null);
  }

  async #resetPassword({ token, newPassword }: RequestOf<'resetPassword'>): Promise<AccountReply> {
    const { writer } = this.#options;
    const tokenHash = sha256(token);
    const userId = writer.state.byReset.get(tokenHash)?.userId;
    // Guesses are not worth a hash.
    if (userId === undefined) return refuse('RESET_TOKEN_INVALID');
    const password = await this.#hash(newPassword);
    if (password === undefined) return refuse('OVERLOADED');
    const reply = this.#apply({ kind: 'ResetPassword', tokenHash, password }, userId);
    const to = this.#account(userId)?.email ?? null;
    if (reply.refusal === null && to !== null) this.#tell('password-changed', to);
    return reply.refusal === null ? done(null) : reply;
  }

  async #delete({ userId, password }: RequestOf<'delete'>): Promise<AccountReply> {
    const proof = await this.#prove(this.#account(userId), password, 'PASSWORD_WRONG');
    if (typeof proof !== 'string') return proof;
    const command = { kind: 'Delete', userId, checkedPassword: proof } as const;
    const refusal = this.#options.writer.apply(command);
    return refusal === null ? done(null) : refuse(refusal);
  }

  #apply(command: AccountCommand, userId: string): AccountReply {
    const refusal = this.#options.writer.apply(command);
    return refusal === null ? this.#profile(userId) : refuse(refusal);
  }

  #profile(userId: string, session: OpenedSession | null = null): AccountReply {
    const account = this.#account(userId);
    if (account === undefined || !hasPassword(account) || account.email === null) {
      return refuse('ACCOUNT_UNKNOWN');
    }
    const { email, displayName, roles, tier, status, createdAtMs, version } = account;
    return done({ userId, email, displayName, roles, tier, status, createdAtMs, version }, session);
  }

  #account(userId: string): Account | undefined {
    return this.#options.writer.state.byUserId.get(userId);
  }

  /** The stored hash that the password fits; the same work whether there is an account or not. */
  async #prove(
    account: Account | undefined,
    password: string,
    wrong: AccountRefusal,
  ): Promise<string | Unproved> {
    const isKnown = account !== undefined && hasPassword(account);
    const stored = isKnown ? account.password : this.#nobody;
    const { parameters, salt, hash } = parseHash(stored);
    const found = await this.#options.hashPassword(password, salt, parameters);
    if (found === undefined) return { refusal: 'OVERLOADED' };
    if (equalHashes(found, hash)) return stored;
    return { refusal: isKnown || wrong === 'SIGN_IN_FAILED' ? wrong : 'ACCOUNT_UNKNOWN' };
  }

  async #hash(password: string): Promise<string | undefined> {
    const { parameters, random, hashPassword } = this.#options;
    const salt = random(SALT_BYTES);
    const hash = await hashPassword(password, salt, parameters);
    return hash && hashText({ parameters, salt, hash });
  }

  #newToken(id = this.#options.newId()): { id: string; secret: string; refreshToken: string } {
    const secret = this.#options.newId();
    return { id, secret, refreshToken: `${id}.${secret}` };
  }

  #tell(kind: 'email-changed' | 'password-changed', to: string): void {
    this.#options.outbox.deliver({ kind, to, atMs: this.#options.nowMs() });
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
