/**
 * Outage credit (RULES.md section 2): while no server runs, nobody can bid, so an auction that was
 * near its end gets exactly the lost time back.
 *
 *            down          up
 *   ─────────┤░░░░░░░░░░░░░├──────────────────────▶
 *        ┌───┼─ end        │          ┌─ end
 *        left              └── left ──┘
 *
 * As much is left afterwards as was left when it went down: the time stood still for it. That holds
 * whether the end fell inside the outage or soon after it; later ends stay as they were announced.
 * An auction that was over before is over.
 */
import type { Auction } from './auction.ts';
import type { OutageCredited } from './events.ts';
import type { RuleSettings } from './settings.ts';

/** When nobody could bid, microseconds since 1970: `toUs` is the first moment after it. */
export interface Outage {
  readonly fromUs: number;
  readonly toUs: number;
}

/** What the outage gives this auction back; null: nothing. */
export function creditOf(
  auction: Auction,
  { fromUs, toUs }: Outage,
  { outageCreditWithinMs: withinMs }: RuleSettings,
): OutageCredited | null {
  if (withinMs === null) return null;
  if (auction.status !== 'active' && auction.status !== 'scheduled') return null;
  const endUs = auction.endsAtMs * 1000;
  if (endUs <= fromUs || endUs >= toUs + withinMs * 1000) return null;
  // Before its start an auction loses nothing.
  const lostUs = toUs - Math.max(fromUs, auction.terms.startsAtMs * 1000);
  if (lostUs <= 0) return null;
  return {
    kind: 'OutageCredited',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 1,
    atUs: toUs,
    fromUs,
    endsAtMs: auction.endsAtMs + Math.ceil(lostUs / 1000),
  };
}
