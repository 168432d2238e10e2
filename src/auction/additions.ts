/**
 * What a seller adds to the description once changing it is over (RULES.md section 2, eBay's rule):
 * it stands under it with its time, what stood there before stays, and in the last 12 hours of an
 * auction with bids nothing is added either.
 *
 *              no bid yet          had a bid
 *   change     anything            CHANGE_TOO_LATE
 *   addition   yes                 yes, until 12 hours before the end: then ADDITION_TOO_LATE
 */
import type { Auction } from './auction.ts';
import type { AddToDescription } from './commands.ts';
import type { AuctionEvent, DescriptionAdded } from './events.ts';
import { overRefusal } from './lifecycle.ts';
import { fault, paragraphsFault } from './listing-checks.ts';
import type { ListingFault } from './listing-checks.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';

/** `additionFault` says what an INVALID_LISTING is about. */
export function decideAddition(
  auction: Auction,
  command: AddToDescription,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  const { by, addition, text } = command;
  const over = overRefusal(auction, atUs);
  if (over !== null) return over;
  if (by !== auction.seller) return 'NOT_YOUR_AUCTION';
  const wrong = additionFault(addition, settings);
  if (wrong !== null) return wrong.refusal;
  const isLate = auction.endsAtMs * 1000 - atUs < settings.additionsBeforeEndMs * 1000;
  if (isLate && auction.bidderCount > 0) return 'ADDITION_TOO_LATE';
  if (text.additions.length >= settings.additionsMax) return 'TOO_MANY_ADDITIONS';
  const added = { atMs: Math.floor(atUs / 1000), text: addition };
  const event: DescriptionAdded = {
    kind: 'DescriptionAdded',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 1,
    atUs,
    text: { ...text, additions: [...text.additions, added] },
  };
  return [event];
}

/** Null: nothing is wrong. */
export function additionFault(addition: string, settings: RuleSettings): ListingFault | null {
  if (addition.trim() === '') return fault('text', 'must not be empty');
  const wrong = paragraphsFault(addition, settings.additionCharsMax);
  return wrong === null ? null : fault('text', wrong);
}
