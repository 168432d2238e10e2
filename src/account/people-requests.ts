/** What the gateway asks about what people keep, and what it gets: plain data that crosses threads. */
import type { FeedbackSide, Rating } from './events.ts';
import type { AccountRefusal } from './refusal.ts';
import type { Reputation } from './reputation.ts';

export interface Page {
  /** The `next` of the page before; null: the first. */
  readonly cursor: string | null;
  readonly limit: number;
}

interface SaleFeedback {
  readonly about: string;
  readonly auctionId: string;
  readonly as: FeedbackSide;
  readonly soldAtMs: number;
  readonly rating: Rating;
  readonly text: string;
}

export type PeopleRequest =
  | { readonly kind: 'watch'; readonly userId: string; readonly auctionId: string }
  | { readonly kind: 'unwatch'; readonly userId: string; readonly auctionId: string }
  | ({ readonly kind: 'watchlist'; readonly userId: string } & Page)
  | {
      readonly kind: 'saveSearch';
      readonly userId: string;
      readonly name: string;
      readonly query: string;
    }
  | { readonly kind: 'dropSearch'; readonly userId: string; readonly search: string }
  | { readonly kind: 'searches'; readonly userId: string }
  /** Of everybody, by the server: those of accounts after this number. */
  | { readonly kind: 'allSearches'; readonly after: number; readonly limit: number }
  | ({ readonly kind: 'leaveFeedback'; readonly userId: string } & SaleFeedback)
  | { readonly kind: 'publicProfile'; readonly userId: string }
  /** `isOwn`: with authors and auctions, which others do not see. */
  | ({ readonly kind: 'feedback'; readonly userId: string; readonly isOwn: boolean } & Page)
  /** Which of these sales the user has left no feedback on. */
  | {
      readonly kind: 'feedbackMissing';
      readonly userId: string;
      readonly auctionIds: readonly string[];
    };

export interface WatchedAuction {
  readonly auctionId: string;
  readonly watchedAtMs: number;
}

export interface ShownSearch {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly savedAtMs: number;
}

/** What everybody may know of a person; somebody unknown looks like somebody new. */
export interface PublicProfile {
  readonly userId: string;
  /** Absent: none is kept here. */
  readonly displayName?: string;
  readonly memberSinceMs?: number;
  readonly feedback: Reputation;
}

export interface ShownFeedback {
  /** Which side of the sale its author was on. */
  readonly as: FeedbackSide;
  readonly rating: Rating;
  readonly text: string;
  readonly atMs: number;
  /** Of a sale by this person everybody sees the auction; of a purchase only the person. */
  readonly auctionId?: string;
  /** Only for the person; absent: gone. */
  readonly by?: string;
}

export interface PeopleAnswers {
  readonly watch: null;
  readonly unwatch: null;
  readonly watchlist: {
    readonly watched: readonly WatchedAuction[];
    readonly total: number;
    readonly next: string | null;
  };
  readonly saveSearch: ShownSearch;
  readonly dropSearch: null;
  readonly searches: { readonly searches: readonly ShownSearch[] };
  readonly allSearches: {
    readonly searches: readonly (Omit<ShownSearch, 'savedAtMs'> & { readonly userId: string })[];
    /** The `after` of the next page; null: this was the last. */
    readonly next: number | null;
  };
  readonly leaveFeedback: null;
  readonly publicProfile: PublicProfile;
  readonly feedback: { readonly feedback: readonly ShownFeedback[]; readonly next: string | null };
  readonly feedbackMissing: { readonly auctionIds: readonly string[] };
}

export type PeopleReply<A> =
  | { readonly refusal: AccountRefusal | 'OVERLOADED' | 'UNKNOWN_OUTCOME' | 'CURSOR' }
  | { readonly refusal: null; readonly answer: A };

/** Something that somebody should hear of. */
export type PeopleNews =
  | {
      readonly kind: 'feedback';
      readonly userId: string;
      readonly auctionId: string;
      readonly rating: Rating;
    }
  | {
      readonly kind: 'found';
      readonly userId: string;
      readonly search: string;
      readonly name: string;
      readonly auctionId: string;
      readonly title: string;
    };
