/**
 * The rules as a function: given an auction, what somebody wants and when the server read it,
 * either what happens or why not. It changes nothing, so a dry run is this and nothing more.
 *
 *   command, at ──▶ decide ──┬▶ events ──▶ evolve, append, answer
 *                            └▶ refusal ─▶ BidRefused (made by the shard), answer
 *
 * Checks run in the order of protocol/refusals.ts, so a command that breaks two rules is refused
 * for the one that stands first there.
 */
import { assert, unreachable } from '../lib/assert.ts';
import { decideAddition } from './additions.ts';
import type { Auction } from './auction.ts';
import { decideBuyNow } from './buy-now.ts';
import type { AuctionCommand, BlockBidder, SetBidLimit } from './commands.ts';
import { decideEarlyEnd } from './early-end.ts';
import type { AuctionEvent, BidderBlocked, BidLimitSet } from './events.ts';
import { NOBODY } from './ids.ts';
import { overRefusal } from './lifecycle.ts';
import { decideChange } from './listing.ts';
import { isCents } from './money.ts';
import { decideBid } from './place-bid.ts';
import type { AuctionRefusal } from './refusal.ts';
import { decideRetraction } from './retraction.ts';
import type { RuleSettings } from './settings.ts';

/**
 * `atUs`: when the server read the command, microseconds since 1970; what the clock makes happen
 * by then (lifecycle.ts) has been applied before. At least one event, or the name of a refusal.
 */
export function decide(
  auction: Auction,
  command: AuctionCommand,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  switch (command.kind) {
    case 'PlaceBid':
      return decideBid(auction, command, atUs, settings);
    case 'BuyNow':
      return decideBuyNow(auction, command, atUs, settings);
    case 'RetractBid':
      return decideRetraction(auction, command, atUs, settings);
    case 'ChangeListing':
      return decideChange(auction, command, atUs, settings);
    case 'AddToDescription':
      return decideAddition(auction, command, atUs, settings);
    case 'EndEarly':
      return decideEarlyEnd(auction, command, atUs, settings);
    case 'SetBidLimit':
      return decideLimit(auction, command, atUs);
    case 'BlockBidder':
      return decideBlock(auction, command, atUs);
    default:
      return unreachable(command, 'command');
  }
}

/** Bids that are already above the limit stay. */
function decideLimit(
  auction: Auction,
  { bidder, limitCents }: SetBidLimit,
  atUs: number,
): AuctionRefusal | readonly AuctionEvent[] {
  assert(limitCents === null || isCents(limitCents), 'a limit is an amount of money');
  const over = overRefusal(auction, atUs);
  if (over !== null) return over;
  const set: BidLimitSet = { kind: 'BidLimitSet', auction: auction.ref, atUs, bidder, limitCents };
  return [set];
}

function decideBlock(
  auction: Auction,
  { by, asAdmin, bidder, blocked }: BlockBidder,
  atUs: number,
): AuctionRefusal | readonly AuctionEvent[] {
  const over = overRefusal(auction, atUs);
  if (over !== null) return over;
  if (!asAdmin && by !== auction.seller) return 'NOT_YOUR_AUCTION';
  if (bidder === NOBODY) return 'BIDDER_UNKNOWN';
  const set: BidderBlocked = { kind: 'BidderBlocked', auction: auction.ref, atUs, bidder, blocked };
  return [set];
}
