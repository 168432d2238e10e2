/** Requests about what people keep, turned into commands and answers. Nothing here waits. */
import { unreachable } from '../lib/assert.ts';
import type { AccountWriter } from './account-writer.ts';
import type { Feedback, SavedSearch } from './kept.ts';
import type { PeopleCommand } from './people-commands.ts';
import type {
  Page,
  PeopleAnswers,
  PeopleNews,
  PeopleReply,
  PeopleRequest,
  PublicProfile,
  ShownFeedback,
  ShownSearch,
} from './people-requests.ts';
import { reputationOf } from './reputation.ts';
import { hasPassword } from './state.ts';
import type { Account } from './state.ts';

export interface PeopleDeskOptions {
  readonly writer: AccountWriter;
  readonly nowMs: () => number;
  /** A new id: 22 letters and digits. */
  readonly newId: () => string;
  /** Called once it is committed. */
  readonly onNews: (news: PeopleNews) => void;
}

type RequestOf<K extends PeopleRequest['kind']> = Extract<PeopleRequest, { kind: K }>;
type AnyAnswer = PeopleAnswers[PeopleRequest['kind']];

/** Counts down from here, so that pages go from the newest to the oldest. */
const FIRST_PLACE = Number.MAX_SAFE_INTEGER;

export class PeopleDesk {
  readonly #options: PeopleDeskOptions;

  constructor(options: PeopleDeskOptions) {
    this.#options = options;
  }

  /**
   * Decides requests that came together, in their order, with one commit.
   * @throws CommitFailure
   */
  handleAll(requests: readonly PeopleRequest[]): readonly PeopleReply<AnyAnswer>[] {
    const { writer, onNews } = this.#options;
    const replies = writer.together(() => requests.map((request) => this.#handle(request)));
    for (const [i, request] of requests.entries()) {
      if (request.kind !== 'leaveFeedback' || replies[i]?.refusal !== null) continue;
      const { about: userId, auctionId, rating } = request;
      onNews({ kind: 'feedback', userId, auctionId, rating });
    }
    return replies;
  }

  #handle(request: PeopleRequest): PeopleReply<AnyAnswer> {
    switch (request.kind) {
      case 'watch':
        return this.#apply({ ...request, kind: 'Watch' }, () => null);
      case 'unwatch':
        return this.#apply({ ...request, kind: 'Unwatch' }, () => null);
      case 'watchlist':
        return this.#watchlist(request);
      case 'saveSearch':
        return this.#saveSearch(request);
      case 'dropSearch':
        return this.#apply({ ...request, kind: 'DropSearch' }, () => null);
      case 'searches':
        return done({ searches: [...(this.#kept(request)?.searches.values() ?? [])].map(shown) });
      case 'allSearches':
        return done(this.#allSearches(request));
      case 'leaveFeedback':
        return this.#apply({ ...request, kind: 'LeaveFeedback' }, () => null);
      case 'publicProfile':
        return done(this.#publicProfile(request.userId));
      case 'feedback':
        return this.#feedback(request);
      case 'feedbackMissing': {
        const given = this.#kept(request)?.given;
        return done({ auctionIds: request.auctionIds.filter((id) => given?.has(id) !== true) });
      }
      default:
        return unreachable(request, 'an unknown request');
    }
  }

  #watchlist(request: RequestOf<'watchlist'>): PeopleReply<AnyAnswer> {
    const all = [...(this.#kept(request)?.watched ?? [])];
    const entries = all.map(([auctionId, watchedAtMs], i) => ({ i, auctionId, watchedAtMs }));
    // Places move when something older is taken off the list; times do not.
    const page = pageOf(entries, ({ watchedAtMs }) => watchedAtMs, request);
    if (page === null) return { refusal: 'CURSOR' };
    const watched = page.items.map(({ auctionId, watchedAtMs }) => ({ auctionId, watchedAtMs }));
    return done({ watched, total: all.length, next: page.next });
  }

  #saveSearch(request: RequestOf<'saveSearch'>): PeopleReply<AnyAnswer> {
    const search = this.#options.newId();
    return this.#apply({ ...request, kind: 'SaveSearch', search }, () => {
      const saved = this.#kept(request)?.searches.get(search);
      return saved === undefined ? null : shown(saved);
    });
  }

  /** Whole accounts, until there are so many searches. */
  #allSearches({ after, limit }: RequestOf<'allSearches'>): PeopleAnswers['allSearches'] {
    const { accounts } = this.#options.writer.state;
    const searches: PeopleAnswers['allSearches']['searches'][number][] = [];
    for (let ref = after + 1; ref < accounts.length; ref++) {
      const account = accounts[ref];
      if (account === undefined) continue;
      const { userId, kept } = account;
      for (const { id, name, query } of kept.searches.values()) {
        searches.push({ userId, id, name, query });
      }
      if (searches.length >= limit) return { searches, next: ref };
    }
    return { searches, next: null };
  }

  /** Whoever is unknown, gone or new looks the same. */
  #publicProfile(userId: string): PublicProfile {
    const account = this.#account(userId);
    const feedback = reputationOf(account?.kept.received ?? [], this.#options.nowMs());
    if (account === undefined || !hasPassword(account)) return { userId, feedback };
    const { displayName, createdAtMs: memberSinceMs } = account;
    return { userId, displayName, memberSinceMs, feedback };
  }

  #feedback(request: RequestOf<'feedback'>): PeopleReply<AnyAnswer> {
    const received = this.#kept(request)?.received ?? [];
    const page = pageOf(received, ({ atMs }) => atMs, request);
    if (page === null) return { refusal: 'CURSOR' };
    const { items, next } = page;
    return done({ feedback: items.map((each) => shownFeedback(each, request.isOwn)), next });
  }

  #apply(command: PeopleCommand, answer: () => AnyAnswer): PeopleReply<AnyAnswer> {
    const refusal = this.#options.writer.apply(command);
    return refusal === null ? done(answer()) : { refusal };
  }

  #account(userId: string): Account | undefined {
    return this.#options.writer.state.byUserId.get(userId);
  }

  #kept({ userId }: { readonly userId: string }): Account['kept'] | undefined {
    return this.#account(userId)?.kept;
  }
}

const done = (answer: AnyAnswer): PeopleReply<AnyAnswer> => ({ refusal: null, answer });

function shown({ id, name, query, savedAtMs }: SavedSearch): ShownSearch {
  return { id, name, query, savedAtMs };
}

function shownFeedback(feedback: Feedback, isOwn: boolean): ShownFeedback {
  const { as, rating, text, atMs, auctionId, by } = feedback;
  return {
    as,
    rating,
    text,
    atMs,
    // That somebody sold something is known to all; what somebody bought is not.
    ...(isOwn || as === 'buyer' ? { auctionId } : {}),
    ...(isOwn && by.status !== 'deleted' ? { by: by.userId } : {}),
  };
}

/**
 * A page of a list that stands in the order of its times, from the newest on. Several of one time
 * stand on one page or are told apart by how many of them came before.
 * @returns null where the cursor is none.
 */
export function pageOf<T>(
  items: readonly T[],
  atMs: (item: T) => number,
  { cursor, limit }: Page,
): { readonly items: readonly T[]; readonly next: string | null } | null {
  const [, at = String(FIRST_PLACE), skip = '0'] =
    /^(\d{1,16})\.(\d{1,6})$/.exec(cursor ?? '') ?? [];
  if (cursor !== null && !/^\d{1,16}\.\d{1,6}$/.test(cursor)) return null;
  const older = items.toReversed().filter((item) => atMs(item) <= Number(at));
  // Of the cursor's own time those that were shown already.
  const from = cursor === null ? 0 : Number(skip);
  const page = older.slice(from, from + limit);
  const last = page.at(-1);
  if (last === undefined || older.length <= from + limit) return { items: page, next: null };
  const lastMs = atMs(last);
  const ofSameTime = page.filter((item) => atMs(item) === lastMs).length;
  const before = lastMs === Number(at) && cursor !== null ? from : 0;
  return { items: page, next: `${lastMs}.${before + ofSameTime}` };
}
