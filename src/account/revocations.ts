/** Which tokens that were given out are void: after an event, and after a start. */
import { must } from '../lib/assert.ts';
import type { AccountEvent } from './events.ts';
import type { Revocation } from './requests.ts';
import type { Account, AccountState } from './state.ts';

/** @param state with the event in it. */
export function revocationsAfter(event: AccountEvent, state: AccountState): Revocation[] {
  const account = must(state.accounts[event.account], 'events are about accounts');
  if (event.kind === 'SessionEnded') {
    return [{ kind: 'session', userId: account.userId, session: event.session }];
  }
  if (!('version' in event) && event.kind !== 'AccountEnabled') return [];
  // After a new password the sessions that end are named one by one; one goes on.
  return [versionOf(account, event.kind !== 'PasswordChanged')];
}

/** Everything that counts for tokens which may still be about. */
export function revocationsOf(state: AccountState): Revocation[] {
  const revocations: Revocation[] = [];
  for (const account of state.accounts) {
    // Tokens of guests are not ours to end.
    if (account === undefined || account.status === 'guest') continue;
    if (account.version > 0 || account.status !== 'active') {
      revocations.push(versionOf(account, true));
    }
  }
  for (const session of state.endedSessions.keys()) {
    revocations.push({ kind: 'session', userId: '', session });
  }
  return revocations;
}

function versionOf({ userId, version, status }: Account, closes: boolean): Revocation {
  return { kind: 'version', userId, version, active: status === 'active', closes };
}
