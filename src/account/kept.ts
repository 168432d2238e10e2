/**
 * What a person keeps here beside the account: auctions that are watched, saved searches, and the
 * feedback that was left and got. Deleting the account takes all of it away but the ratings that
 * others got: those are theirs, and stand without words and name.
 */
import type { FeedbackLeft, FeedbackSide, KeptEvent, Rating } from './events.ts';
import type { Account } from './state.ts';

export interface SavedSearch {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly savedAtMs: number;
}

export interface Feedback {
  readonly by: Account;
  readonly about: Account;
  readonly auctionId: string;
  readonly as: FeedbackSide;
  readonly rating: Rating;
  /** Empty: nothing was said, or its author is gone. */
  text: string;
  readonly atMs: number;
}

export interface Kept {
  /** Auction and since when, in the order of adding. */
  readonly watched: Map<string, number>;
  /** By id, in the order of saving. */
  readonly searches: Map<string, SavedSearch>;
  /** Left by this person, by auction. */
  readonly given: Map<string, Feedback>;
  /** Got by this person, in the order of leaving. */
  readonly received: Feedback[];
}

export function nothingKept(): Kept {
  return { watched: new Map(), searches: new Map(), given: new Map(), received: [] };
}

export function evolveKept(kept: Kept, event: Exclude<KeptEvent, FeedbackLeft>): void {
  switch (event.kind) {
    case 'WatchAdded':
      return void kept.watched.set(event.auctionId, event.atMs);
    case 'WatchRemoved':
      return void kept.watched.delete(event.auctionId);
    case 'SearchSaved': {
      const { search: id, name, query, atMs: savedAtMs } = event;
      // Replayed after it was erased.
      if (query === '') return;
      return void kept.searches.set(id, { id, name, query, savedAtMs });
    }
    case 'SearchDropped':
      return void kept.searches.delete(event.search);
  }
}

export function feedbackLeft(by: Account, about: Account, event: FeedbackLeft): void {
  const { auctionId, as, rating, text, atMs } = event;
  const feedback: Feedback = { by, about, auctionId, as, rating, text, atMs };
  by.kept.given.set(auctionId, feedback);
  about.kept.received.push(feedback);
}

/** What was got goes with its person; what was given stays with the others, without words. */
export function eraseKept(kept: Kept): void {
  kept.watched.clear();
  kept.searches.clear();
  for (const feedback of kept.given.values()) feedback.text = '';
  kept.given.clear();
  kept.received.length = 0;
}
