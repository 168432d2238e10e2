/** What people ask to be kept for them: watched auctions, searches, feedback. */
import type { FeedbackSide, Rating } from './events.ts';

/** The auction is there: whoever sends this has asked its shard. */
export interface Watch {
  readonly kind: 'Watch';
  readonly userId: string;
  readonly auctionId: string;
}

export interface Unwatch {
  readonly kind: 'Unwatch';
  readonly userId: string;
  readonly auctionId: string;
}

export interface SaveSearch {
  readonly kind: 'SaveSearch';
  readonly userId: string;
  /** Made outside, as the rules have no chance in them. */
  readonly search: string;
  readonly name: string;
  readonly query: string;
}

export interface DropSearch {
  readonly kind: 'DropSearch';
  readonly userId: string;
  readonly search: string;
}

/** Of one side of a sale; that it was one, and who the other is, the auction's shard has said. */
export interface LeaveFeedback {
  readonly kind: 'LeaveFeedback';
  readonly userId: string;
  readonly about: string;
  readonly auctionId: string;
  readonly as: FeedbackSide;
  readonly soldAtMs: number;
  readonly rating: Rating;
  readonly text: string;
}

export type PeopleCommand = Watch | Unwatch | SaveSearch | DropSearch | LeaveFeedback;
