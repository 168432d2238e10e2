/**
 * What a seller lists: the terms that bidding depends on, and the text around them. The shard
 * keeps the terms and the title in memory; description and the rest stay in the log.
 */
import type { AuctionId } from './ids.ts';
import type { Cents } from './money.ts';

/** `proxy`: a bid is a hidden maximum, the default. `direct`: the price is the amount bid. */
export type Format = 'proxy' | 'direct';

/** Below `belowCents` the increment is `incrementCents`. The last step has `belowCents: null`. */
export interface IncrementStep {
  readonly belowCents: Cents | null;
  readonly incrementCents: Cents;
}
export type IncrementTable = readonly IncrementStep[];

/** RULES.md section 2. All times in milliseconds. */
export interface SoftClose {
  /** A bid this close to the end extends. 0: no soft close. */
  readonly windowMs: number;
  /**
   * Where the end moves to: at least the bid's time plus this. "Reset to window" is
   * `extensionMs` equal to `windowMs`.
   */
  readonly extensionMs: number;
  /** How often; null: no limit. */
  readonly extensionsMax: number | null;
}

export interface Terms {
  readonly format: Format;
  /** ISO 4217, three capitals. */
  readonly currency: string;
  readonly startPriceCents: Cents;
  /** Hidden; null: none. */
  readonly reserveCents: Cents | null;
  /** Null: not offered. At least 30 % above the start price. */
  readonly buyNowCents: Cents | null;
  readonly increments: IncrementTable;
  readonly softClose: SoftClose;
  /** A bid above this many times the price asks for confirmation; null: never. */
  readonly fatFingerFactor: number | null;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** eBay's list, without its grades of used and refurbished. */
export type Condition = 'new' | 'open_box' | 'refurbished' | 'used' | 'for_parts';

export interface ListingText {
  readonly title: string;
  readonly description: string;
  /** From the widest to the narrowest, for instance ["Jewellery", "Watches"]. */
  readonly category: readonly string[];
  readonly condition: Condition | null;
  /** Where the thing is, in the seller's words; null: not said. */
  readonly location: string | null;
  /** ISO 3166-1, two capitals; null: not said. */
  readonly country: string | null;
  /** How and where to it is sent, in the seller's words; null: not said. */
  readonly shipping: string | null;
  /** What sending costs, in the auction's currency; 0: free. Null: not said. */
  readonly shippingCents: Cents | null;
  /** What the seller added to the description, oldest first. */
  readonly additions: readonly Addition[];
  /** The auction that found no buyer and is listed again as this one; null: none. */
  readonly relistOf: AuctionId | null;
}

export interface Addition {
  readonly atMs: number;
  readonly text: string;
}
