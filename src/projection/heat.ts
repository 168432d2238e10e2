/**
 * How lively an auction is: every bid counts, and a little everybody who begins to watch it, and half
 * as much an hour later. Kept as a logarithm
 * that grows with time instead of a number that shrinks, so that it changes with a bid only, and
 * an index on it is in the right order at every moment:
 *
 *   heat = log2( Σ weight · 2^(time of the bid / half-life) )
 */
import { DISCOVERY } from '../config/limits.ts';

export const HEAT_OF_A_BID = 1;
export const HEAT_OF_A_WATCH = 1 / 4;
/** A new listing stands as one that had a bid three half-lives ago. */
const HEAT_OF_A_LISTING = 1 / 8;

export function heatAtListing(atMs: number): number {
  return Math.log2(HEAT_OF_A_LISTING) + atMs / DISCOVERY.heatHalfLifeMs;
}

export function heatAfter(heat: number, weight: number, atMs: number): number {
  const added = Math.log2(weight) + atMs / DISCOVERY.heatHalfLifeMs;
  const [more, less] = heat > added ? [heat, added] : [added, heat];
  return more + Math.log2(1 + 2 ** (less - more));
}

/** The sum as it has decayed by now, for people: bids of about the last hour. */
export function heatNow(heat: number, nowMs: number): number {
  return 2 ** (heat - nowMs / DISCOVERY.heatHalfLifeMs);
}
