/**
 * `decide`: which events follow from a command. A refusal may come with events: a refresh token that
 * is shown for the second time is refused, and its session ends.
 */
import { ACCOUNTS } from '../config/limits.ts';
import { unreachable } from '../lib/assert.ts';
import type {
  AccountCommand,
  ChangePassword,
  OpenSession,
  RefreshSession,
  ResetPassword,
} from './commands.ts';
import type { AccountEvent, SessionEnded } from './events.ts';
import type { AccountRefusal } from './refusal.ts';
import type { PeopleCommand } from './people-commands.ts';
import { decidePeople } from './people-decide.ts';
import type { Account, AccountState } from './state.ts';
import { emailKey, hasPassword } from './state.ts';

export interface Decision {
  readonly events: readonly AccountEvent[];
  readonly refusal: AccountRefusal | null;
}

const refuse = (refusal: AccountRefusal): Decision => ({ events: [], refusal });
const happen = (...events: readonly AccountEvent[]): Decision => ({ events, refusal: null });

/** @param atMs the writer's clock; never goes back. */
export function decide(
  state: AccountState,
  command: AccountCommand | PeopleCommand,
  atMs: number,
): Decision {
  switch (command.kind) {
    case 'Register': {
      const { kind: _, ...given } = command;
      if (state.byEmail.has(emailKey(command.email))) return refuse('EMAIL_TAKEN');
      const account = state.nextRef;
      const { roles, tier } = ACCOUNTS.granted;
      return happen({ kind: 'AccountRegistered', account, ...given, roles, tier, atMs });
    }
    case 'OpenSession':
      return openSession(state, command, atMs);
    case 'RefreshSession':
      return refreshSession(state, command, atMs);
    case 'RequestReset': {
      const { tokenHash, expiresAtMs } = command;
      const account = state.byEmail.get(emailKey(command.email));
      if (account?.status !== 'active') return refuse('ACCOUNT_UNKNOWN');
      const { ref } = account;
      return happen({ kind: 'ResetRequested', account: ref, tokenHash, expiresAtMs, atMs });
    }
    case 'ResetPassword':
      return resetPassword(state, command, atMs);
    case 'Watch':
    case 'Unwatch':
    case 'SaveSearch':
    case 'DropSearch':
    case 'LeaveFeedback':
      return decidePeople(state, command, atMs);
    default:
      return decideOwn(state, command, atMs);
  }
}

type OwnCommand = Extract<AccountCommand, { readonly userId: string }>;

/** Commands about one account that is named by its user id. */
function decideOwn(
  state: AccountState,
  command: Exclude<OwnCommand, { kind: 'Register' }>,
  atMs: number,
): Decision {
  const found = state.byUserId.get(command.userId);
  if (found === undefined || !hasPassword(found)) return refuse('ACCOUNT_UNKNOWN');
  const about = { account: found.ref, atMs };
  const version = found.version + 1;
  if ('checkedPassword' in command && command.checkedPassword !== found.password) {
    return refuse('PASSWORD_WRONG');
  }
  switch (command.kind) {
    case 'EndSession':
      if (!found.sessions.has(command.session)) return refuse('SESSION_ENDED');
      return happen(ended(found, command.session, 'logout', atMs));
    case 'ChangeName':
      return happen({ kind: 'NameChanged', ...about, displayName: command.displayName });
    case 'ChangeEmail': {
      const holder = state.byEmail.get(emailKey(command.email));
      if (holder !== undefined && holder !== found) return refuse('EMAIL_TAKEN');
      return happen({ kind: 'EmailChanged', ...about, email: command.email });
    }
    case 'ChangePassword':
      return changePassword(found, command, atMs);
    case 'Disable':
      if (found.status === 'disabled') return happen();
      return happen({ kind: 'AccountDisabled', ...about, version });
    case 'Enable':
      if (found.status === 'active') return happen();
      return happen({ kind: 'AccountEnabled', ...about });
    case 'Grant': {
      const { roles, tier } = command;
      return happen({ kind: 'AccountGranted', ...about, roles, tier, version });
    }
    case 'Delete':
      return happen({ kind: 'AccountDeleted', ...about, version });
    default:
      return unreachable(command, 'an unknown command');
  }
}

function openSession(state: AccountState, command: OpenSession, atMs: number): Decision {
  const account = state.byEmail.get(emailKey(command.email));
  if (account === undefined || account.password !== command.checkedPassword) {
    return refuse('SIGN_IN_FAILED');
  }
  if (account.status !== 'active') return refuse('ACCOUNT_DISABLED');
  const { session, tokenHash, expiresAtMs, rehashed } = command;
  const { ref } = account;
  const events: AccountEvent[] = [...account.sessions.values()]
    .filter((each) => each.expiresAtMs <= atMs)
    .map(({ id }) => ended(account, id, 'expired', atMs));
  const open = [...account.sessions.values()].filter((each) => each.expiresAtMs > atMs);
  const over = Math.max(0, open.length + 1 - ACCOUNTS.sessionsMax);
  events.push(...open.slice(0, over).map(({ id }) => ended(account, id, 'crowded', atMs)));
  if (rehashed !== null) {
    events.push({ kind: 'PasswordRehashed', account: ref, password: rehashed, atMs });
  }
  events.push({ kind: 'SessionOpened', account: ref, session, tokenHash, expiresAtMs, atMs });
  return happen(...events);
}

function refreshSession(state: AccountState, command: RefreshSession, atMs: number): Decision {
  const { session: id, shownHash, tokenHash, expiresAtMs } = command;
  const account = state.bySession.get(id);
  const session = account?.sessions.get(id);
  if (account === undefined || session === undefined) return refuse('SESSION_ENDED');
  const end = (reason: SessionEnded['reason']): Decision => ({
    events: [ended(account, id, reason, atMs)],
    refusal: 'SESSION_ENDED',
  });
  // Only whoever held a token of this session knows its id: an older token was copied.
  if (session.tokenHash !== shownHash) return end('reuse');
  if (session.expiresAtMs <= atMs) return end('expired');
  const { ref } = account;
  return happen({
    kind: 'SessionRefreshed',
    account: ref,
    session: id,
    tokenHash,
    expiresAtMs,
    atMs,
  });
}

function changePassword(account: Account, command: ChangePassword, atMs: number): Decision {
  const { ref, version } = account;
  const others = [...account.sessions.keys()].filter((id) => id !== command.session);
  return happen(...others.map((id) => ended(account, id, 'password', atMs)), {
    kind: 'PasswordChanged',
    account: ref,
    password: command.password,
    version: version + 1,
    atMs,
  });
}

function resetPassword(state: AccountState, command: ResetPassword, atMs: number): Decision {
  const account = state.byReset.get(command.tokenHash);
  if (account === undefined || account.status !== 'active') return refuse('RESET_TOKEN_INVALID');
  if (account.reset === null || account.reset.expiresAtMs <= atMs) {
    return refuse('RESET_TOKEN_INVALID');
  }
  const { userId } = account;
  const { password } = command;
  const change = { kind: 'ChangePassword', userId, session: null, password } as const;
  return changePassword(account, { ...change, checkedPassword: '' }, atMs);
}

function ended(
  account: Account,
  session: string,
  reason: SessionEnded['reason'],
  atMs: number,
): SessionEnded {
  return { kind: 'SessionEnded', account: account.ref, session, reason, atMs };
}
