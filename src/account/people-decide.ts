/**
 * `decide` for what people keep. Whoever signs in elsewhere is admitted by the first thing that is
 * kept for or about them.
 */
import { PEOPLE } from '../config/limits.ts';
import { unreachable } from '../lib/assert.ts';
import type { Decision } from './decide.ts';
import type { AccountEvent, AccountRef } from './events.ts';
import type { LeaveFeedback, PeopleCommand } from './people-commands.ts';
import type { Account, AccountState } from './state.ts';

const NOTHING: Decision = { events: [], refusal: null };
const refuse = (refusal: NonNullable<Decision['refusal']>): Decision => ({ events: [], refusal });

/** @param atMs the writer's clock; never goes back. */
export function decidePeople(state: AccountState, command: PeopleCommand, atMs: number): Decision {
  const account = state.byUserId.get(command.userId);
  if (account?.status === 'deleted') return refuse('ACCOUNT_UNKNOWN');
  const happen = (about: (account: AccountRef) => AccountEvent): Decision => ({
    events: withGuests(state, [account ?? command.userId], atMs, ([ref]) => about(ref)),
    refusal: null,
  });
  switch (command.kind) {
    case 'Watch': {
      const { auctionId } = command;
      const watched = account?.kept.watched;
      if (watched?.has(auctionId) === true) return NOTHING;
      if ((watched?.size ?? 0) >= PEOPLE.watchedMax) return refuse('WATCHLIST_FULL');
      return happen((ref) => ({ kind: 'WatchAdded', account: ref, auctionId, atMs }));
    }
    case 'Unwatch': {
      const { auctionId } = command;
      if (account?.kept.watched.has(auctionId) !== true) return NOTHING;
      return happen((ref) => ({ kind: 'WatchRemoved', account: ref, auctionId, atMs }));
    }
    case 'SaveSearch': {
      const { search, name, query } = command;
      if ((account?.kept.searches.size ?? 0) >= PEOPLE.searchesMax) return refuse('SEARCHES_FULL');
      return happen((ref) => ({ kind: 'SearchSaved', account: ref, search, name, query, atMs }));
    }
    case 'DropSearch': {
      const { search } = command;
      if (account?.kept.searches.has(search) !== true) return refuse('SEARCH_UNKNOWN');
      return happen((ref) => ({ kind: 'SearchDropped', account: ref, search, atMs }));
    }
    case 'LeaveFeedback':
      return leaveFeedback(state, account, command, atMs);
    default:
      return unreachable(command, 'an unknown command');
  }
}

function leaveFeedback(
  state: AccountState,
  account: Account | undefined,
  command: LeaveFeedback,
  atMs: number,
): Decision {
  const { userId, about: aboutId, auctionId, as, soldAtMs, rating, text } = command;
  if (account?.kept.given.has(auctionId) === true) return refuse('FEEDBACK_GIVEN');
  if (atMs > soldAtMs + PEOPLE.feedbackWithinMs) return refuse('FEEDBACK_TOO_LATE');
  const other = state.byUserId.get(aboutId);
  if (other?.status === 'deleted') return refuse('ACCOUNT_UNKNOWN');
  const events = withGuests(state, [account ?? userId, other ?? aboutId], atMs, ([ref, about]) => {
    return { kind: 'FeedbackLeft', account: ref, about, auctionId, as, rating, text, atMs };
  });
  return { events, refusal: null };
}

/** The event, behind the admission of everybody in it who has no account yet. */
function withGuests(
  state: AccountState,
  people: readonly (Account | string)[],
  atMs: number,
  event: (refs: readonly [AccountRef, AccountRef]) => AccountEvent,
): readonly AccountEvent[] {
  const admitted: AccountEvent[] = [];
  const refs = people.map((person) => {
    if (typeof person !== 'string') return person.ref;
    const account = (state.nextRef + admitted.length) as AccountRef;
    admitted.push({ kind: 'GuestAdmitted', account, userId: person, atMs });
    return account;
  });
  const [first, second = first] = refs as [AccountRef, AccountRef?];
  return [...admitted, event([first, second])];
}
