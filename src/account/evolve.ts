/** `evolve`: what an event does to the state. It never refuses: what was logged has happened. */
import { must, unreachable } from '../lib/assert.ts';
import type { AccountEvent, AccountRegistered, GuestAdmitted } from './events.ts';
import { eraseKept, evolveKept, feedbackLeft, nothingKept } from './kept.ts';
import type { Account, AccountState } from './state.ts';
import { emailKey, ENDED_SESSIONS_MS } from './state.ts';

export function evolve(state: AccountState, event: AccountEvent): void {
  if (event.kind === 'AccountRegistered') return registered(state, event);
  if (event.kind === 'GuestAdmitted') return admitted(state, event);
  const account = must(state.accounts[event.account], 'the log names an account that it made');
  switch (event.kind) {
    case 'SessionOpened': {
      const { session: id, tokenHash, expiresAtMs } = event;
      account.sessions.set(id, { id, tokenHash, expiresAtMs });
      state.bySession.set(id, account);
      return;
    }
    case 'SessionRefreshed': {
      const session = must(account.sessions.get(event.session), 'a refreshed session is open');
      session.tokenHash = event.tokenHash;
      session.expiresAtMs = event.expiresAtMs;
      return;
    }
    case 'SessionEnded':
      return endSession(state, account, event.session, event.atMs);
    case 'NameChanged':
      account.displayName = event.displayName;
      return;
    case 'EmailChanged':
      return nameEmail(state, account, event.email);
    case 'PasswordChanged':
      account.password = event.password;
      account.version = event.version;
      return clearReset(state, account);
    case 'PasswordRehashed':
      account.password = event.password;
      return;
    case 'ResetRequested':
      clearReset(state, account);
      account.reset = { tokenHash: event.tokenHash, expiresAtMs: event.expiresAtMs };
      state.byReset.set(event.tokenHash, account);
      return;
    case 'AccountDisabled':
      account.status = 'disabled';
      account.version = event.version;
      return endAll(state, account, event.atMs);
    case 'AccountEnabled':
      account.status = 'active';
      return;
    case 'AccountGranted':
      account.roles = event.roles;
      account.tier = event.tier;
      account.version = event.version;
      return;
    case 'AccountDeleted':
      account.version = event.version;
      return erase(state, account, event.atMs);
    case 'FeedbackLeft': {
      const about = must(state.accounts[event.about], 'the log names an account that it made');
      return feedbackLeft(account, about, event);
    }
    case 'WatchAdded':
    case 'WatchRemoved':
    case 'SearchSaved':
    case 'SearchDropped':
      return evolveKept(account.kept, event);
    default:
      unreachable(event, 'an unknown event');
  }
}

/** Takes what is personal out of the state; the user id stays, so that nobody gets it again. */
export function erase(state: AccountState, account: Account, atMs: number): void {
  endAll(state, account, atMs);
  clearReset(state, account);
  if (account.email !== null) state.byEmail.delete(emailKey(account.email));
  account.email = null;
  account.displayName = '';
  account.password = '';
  account.status = 'deleted';
  eraseKept(account.kept);
}

function registered(state: AccountState, event: AccountRegistered): void {
  const { account: ref, userId, email, displayName, password, roles, tier, atMs } = event;
  const account: Account = {
    ref,
    userId,
    email: null,
    displayName,
    password,
    roles,
    tier,
    version: 0,
    status: 'active',
    reset: null,
    createdAtMs: atMs,
    sessions: new Map(),
    kept: nothingKept(),
  };
  state.accounts[ref] = account;
  state.byUserId.set(userId, account);
  nameEmail(state, account, email);
}

function admitted(state: AccountState, { account: ref, userId, atMs }: GuestAdmitted): void {
  const account: Account = {
    ref,
    userId,
    email: null,
    displayName: '',
    password: '',
    roles: [],
    tier: '',
    version: 0,
    status: 'guest',
    reset: null,
    createdAtMs: atMs,
    sessions: new Map(),
    kept: nothingKept(),
  };
  state.accounts[ref] = account;
  state.byUserId.set(userId, account);
}

function nameEmail(state: AccountState, account: Account, email: string): void {
  if (account.email !== null) state.byEmail.delete(emailKey(account.email));
  // Replayed after it was erased.
  if (email === '') return;
  account.email = email;
  state.byEmail.set(emailKey(email), account);
}

function endAll(state: AccountState, account: Account, atMs: number): void {
  for (const id of account.sessions.keys()) endSession(state, account, id, atMs);
}

function endSession(state: AccountState, account: Account, id: string, atMs: number): void {
  account.sessions.delete(id);
  state.bySession.delete(id);
  state.endedSessions.set(id, atMs);
  for (const [ended, endedAtMs] of state.endedSessions) {
    if (endedAtMs + ENDED_SESSIONS_MS > atMs) return;
    state.endedSessions.delete(ended);
  }
}

function clearReset(state: AccountState, account: Account): void {
  if (account.reset !== null) state.byReset.delete(account.reset.tokenHash);
  account.reset = null;
}
