/**
 * The end moves when somebody bids close to it (RULES.md section 2), so that nobody wins by being
 * the last to be heard. It never moves back.
 */
import type { Auction } from './auction.ts';

/**
 * Where the end stands after a bid at `atUs` (microseconds) that changed the leader or the price;
 * milliseconds. A bid exactly `windowMs` before the end is in the window. Rounded up to a whole
 * millisecond, because the rule says "at least".
 */
export function endAfterBidMs(auction: Auction, atUs: number): number {
  const { endsAtMs, extensions } = auction;
  const { windowMs, extensionMs, extensionsMax } = auction.terms.softClose;
  if (windowMs === 0 || endsAtMs * 1000 - atUs > windowMs * 1000) return endsAtMs;
  if (extensionsMax !== null && extensions >= extensionsMax) return endsAtMs;
  return Math.max(endsAtMs, Math.ceil(atUs / 1000) + extensionMs);
}
