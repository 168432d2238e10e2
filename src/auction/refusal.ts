/**
 * The business refusals of the rules, as values (never exceptions). Each stands under the same
 * name in protocol/refusals.ts, which gives it its stable number; the order there is the order in
 * which the rules look.
 */
export type AuctionRefusal =
  | 'AUCTION_UNKNOWN'
  | 'AUCTION_NOT_STARTED'
  | 'AUCTION_CANCELLED'
  | 'AUCTION_BOUGHT'
  | 'AUCTION_ENDED'
  | 'OWN_AUCTION'
  | 'BIDDER_BLOCKED'
  | 'CURRENCY_DIFFERS'
  | 'VELOCITY_LIMIT'
  | 'BID_BELOW_OWN_MAXIMUM'
  | 'BID_TOO_LOW'
  | 'BID_LIMIT_EXCEEDED'
  | 'CONFIRMATION_NEEDED'
  | 'BUY_NOW_UNAVAILABLE'
  | 'NOTHING_TO_RETRACT'
  | 'RETRACTION_TOO_LATE'
  | 'NOT_YOUR_AUCTION'
  | 'CHANGE_TOO_LATE'
  | 'CANCEL_TOO_LATE'
  | 'NO_BIDS_TO_SELL'
  | 'INVALID_LISTING'
  | 'BIDDER_UNKNOWN'
  | 'ADDITION_TOO_LATE'
  | 'TOO_MANY_ADDITIONS'
  | 'NOT_TO_RELIST'
  | 'ALREADY_RELISTED';
