/** What can be asked of the read model, and what comes back: plain data between threads. */
import type { Card } from './cards.ts';

export const SORTS = ['relevance', 'ending', 'newest', 'price', '-price', 'trending'] as const;
export type Sort = (typeof SORTS)[number];
/** `live`: scheduled and active; `ended`: sold, unsold and cancelled. */
export const SEARCHED = ['active', 'scheduled', 'live', 'ended', 'any'] as const;
export type Searched = (typeof SEARCHED)[number];
export const OWN = ['bids', 'wins', 'losses', 'listings'] as const;
export type Own = (typeof OWN)[number];

export interface SearchQuestion {
  readonly kind: 'search';
  /** Empty: all. */
  readonly q: string;
  /** As /v1/categories gives it; what lies below counts too. */
  readonly category: string | null;
  readonly seller: string | null;
  readonly currency: string | null;
  /** Any of these; empty: all, also those of which nothing is said. */
  readonly conditions: readonly string[];
  readonly country: string | null;
  readonly minPriceCents: number | null;
  readonly maxPriceCents: number | null;
  /** Ends before; milliseconds since 1970. */
  readonly endsBeforeMs: number | null;
  readonly status: Searched;
  readonly sort: Sort;
  readonly cursor: string | null;
  readonly limit: number;
}

export type Question =
  | SearchQuestion
  | { readonly kind: 'categories' }
  /** For an auction (what else is there for who looks at it), or for a user. */
  | {
      readonly kind: 'recommend';
      readonly auctionId: string | null;
      readonly userId: string | null;
      readonly limit: number;
    }
  /** These auctions as lists show them, with what the user has bid on them; unknown ones are left out. */
  | {
      readonly kind: 'cards';
      readonly userId: string;
      readonly auctionIds: readonly string[];
    }
  /** What the user bought and sold since a moment, newest first. */
  | {
      readonly kind: 'trades';
      readonly userId: string;
      readonly sinceMs: number;
      readonly limit: number;
    }
  /** What was listed after this place, which is of the answer before; null: from now on. */
  | { readonly kind: 'fresh'; readonly after: readonly number[] | null; readonly limit: number }
  /** Which of these listings fit which search. */
  | {
      readonly kind: 'fits';
      readonly keys: readonly number[];
      readonly searches: readonly { readonly userId: string; readonly question: SearchQuestion }[];
      /** Of each search. */
      readonly limit: number;
    }
  | {
      readonly kind: 'mine';
      readonly what: Own;
      readonly userId: string;
      readonly cursor: string | null;
      readonly limit: number;
    };

/** With what one has bid on it oneself. */
export type OwnCard = Card & {
  readonly ownBids?: number;
  /** Null: not known here, as a bid was taken back; the auction itself knows. */
  readonly ownMaximumCents?: number | null;
  readonly leading?: boolean;
  readonly lastBidAtMs?: number;
};

interface CategoryCount {
  readonly path: string;
  readonly names: readonly string[];
  readonly count: number;
}

export interface Answers {
  readonly search: {
    readonly auctions: readonly Card[];
    readonly next: string | null;
    /** Of what was found, with words only, and on the first page only. */
    readonly categories: readonly CategoryCount[];
    /** Other spelling of words with which nothing was found. */
    readonly didYouMean: string | null;
  };
  readonly categories: {
    readonly categories: readonly {
      readonly path: string;
      readonly names: readonly string[];
      /** Live listings of this category alone, and with all below it. */
      readonly own: number;
      readonly live: number;
    }[];
  };
  readonly recommend: {
    readonly auctions: readonly (Card & {
      readonly because:
        | { readonly kind: 'bidders'; readonly bidders: number }
        | { readonly kind: 'category'; readonly category: readonly string[] };
    })[];
  };
  readonly mine: {
    readonly auctions: readonly OwnCard[];
    readonly next: string | null;
  };
  readonly cards: { readonly auctions: readonly OwnCard[] };
  readonly fresh: { readonly keys: readonly number[]; readonly next: readonly number[] };
  readonly fits: {
    readonly found: readonly (readonly { readonly auctionId: string; readonly title: string }[])[];
  };
  readonly trades: { readonly auctions: readonly (Card & { readonly as: 'buyer' | 'seller' })[] };
}
