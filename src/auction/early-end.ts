/**
 * The seller ends early (RULES.md section 2): selling to the high bidder at any time, or
 * cancelling all bids while 12 hours are left or nobody bids. An auction that has not started can
 * only be cancelled.
 */
import type { Auction } from './auction.ts';
import type { EndEarly } from './commands.ts';
import type { AuctionCancelled, AuctionEvent } from './events.ts';
import { NOBODY } from './ids.ts';
import { endOf, overRefusal } from './lifecycle.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';

/** Below an unmet reserve nobody wins, so there is nobody to sell to either. */
export function decideEarlyEnd(
  auction: Auction,
  command: EndEarly,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  const { by, asAdmin, how } = command;
  if (how === 'sell' && auction.status === 'scheduled') return 'AUCTION_NOT_STARTED';
  const over = overRefusal(auction, atUs);
  if (over !== null) return over;
  if (!asAdmin && by !== auction.seller) return 'NOT_YOUR_AUCTION';
  const auctionSeq = auction.auctionSeq + 1;

  if (how === 'cancel') {
    const leftUs = auction.endsAtMs * 1000 - atUs;
    const isLate = leftUs < settings.cancelBeforeEndMs * 1000;
    if (isLate && auction.bidCount > 0 && !asAdmin) return 'CANCEL_TOO_LATE';
    const cancelled: AuctionCancelled = {
      kind: 'AuctionCancelled',
      auction: auction.ref,
      auctionSeq,
      atUs,
      by,
    };
    return [cancelled];
  }
  const ended = endOf(auction, 'early', atUs, auctionSeq);
  return ended.winner === NOBODY ? 'NO_BIDS_TO_SELL' : [ended];
}
