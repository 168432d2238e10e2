/** The same event with the numbers that its auction and its users have in another log. Pure. */
import type {
  AuctionEvent,
  AuctionListed,
  ShardEvent,
  StrayBidRefused,
} from '../../auction/events.ts';
import type { AuctionRef, UserRef } from '../../auction/ids.ts';

/** What is moved; who a user is, each log says anew. */
export type MovedEvent = Exclude<ShardEvent, { readonly kind: 'UserIntroduced' }>;

/** @param user the new number of a user, of NOBODY as well */
export function renumbered<E extends MovedEvent>(
  event: E,
  auction: AuctionRef,
  user: (ref: UserRef) => UserRef,
): ShardEvent {
  return event.kind === 'StrayBidRefused'
    ? { ...event, bidder: user(event.bidder) }
    : { ...withUsers(event, user), auction };
}

function withUsers(
  event: AuctionListed | AuctionEvent,
  user: (ref: UserRef) => UserRef,
): Exclude<MovedEvent, StrayBidRefused> {
  switch (event.kind) {
    case 'AuctionListed':
      return { ...event, seller: user(event.seller) };
    case 'BidAccepted':
    case 'BidsRetracted':
      return { ...event, bidder: user(event.bidder), leader: user(event.leader) };
    case 'BidRefused':
    case 'BidLimitSet':
    case 'BidderBlocked':
      return { ...event, bidder: user(event.bidder) };
    case 'AuctionEnded':
      return { ...event, winner: user(event.winner) };
    case 'AuctionCancelled':
      return { ...event, by: user(event.by) };
    case 'ListingChanged':
    case 'DescriptionAdded':
    case 'AuctionRelisted':
    case 'AuctionStarted':
    case 'AuctionExtended':
    case 'OutageCredited':
      // A relisted one names the new auction by its id, which may be of another log from now on.
      return event;
  }
}
