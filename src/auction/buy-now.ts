/**
 * Buy-it-now (RULES.md section 1): one price at which the auction is over at once, offered until
 * bidding has got somewhere.
 */
import type { Auction } from './auction.ts';
import type { BuyNow } from './commands.ts';
import { BID_BUY_NOW } from './events.ts';
import type { AuctionEnded, AuctionEvent, BidAccepted } from './events.ts';
import { entryRefusal } from './place-bid.ts';
import { buyNowOffered } from './quote.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';

/** The purchase, which is the last bid, and the end. */
export function decideBuyNow(
  auction: Auction,
  command: BuyNow,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  const { bidder, nonce } = command;
  const known = auction.biddersByUser.get(bidder);
  const refusal = entryRefusal(auction, bidder, known, null, atUs, settings);
  if (refusal !== null) return refusal;

  const { buyNowCents } = auction.terms;
  if (buyNowCents === null) return 'BUY_NOW_UNAVAILABLE';
  const limitCents = known === undefined ? null : known.limitCents;
  if (limitCents !== null && buyNowCents > limitCents) return 'BID_LIMIT_EXCEEDED';
  if (!buyNowOffered(auction)) return 'BUY_NOW_UNAVAILABLE';

  const bought: BidAccepted = {
    kind: 'BidAccepted',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 1,
    atUs,
    bidder,
    amountCents: buyNowCents,
    nonce,
    flags: BID_BUY_NOW,
    priceCents: buyNowCents,
    leader: bidder,
    reserveMet: true,
    endsAtMs: auction.endsAtMs,
  };
  const ended: AuctionEnded = {
    kind: 'AuctionEnded',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 2,
    atUs,
    reason: 'bought',
    winner: bidder,
    priceCents: buyNowCents,
  };
  return [bought, ended];
}
