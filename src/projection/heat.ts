/**
 * How lively an auction is: every bid counts, and a little everybody who begins to watch it, and half
 * as much an hour later. Kept as a logarithm
 * that grows with time instead of a number that shrinks, so that it changes with a bid only, and
 * an index on it is in the right order at every moment:
 *
 *   heat = log2( Σ weight · 2^(time / half-life) )
 *
 * Bids and watchlists stand in logs that are read apart from each other. So each has a sum of its own,
 * and both together come to the same to the last bit, in whatever order the logs were read.
 */
import { DISCOVERY } from '../config/limits.ts';

export const HEAT_OF_A_BID = 1;
/** The first time that somebody watches it: over and over again makes it no livelier. */
export const HEAT_OF_A_WATCH = 1 / 4;
/** Of an empty sum: beside any time of today it is nothing. */
export const NO_HEAT = 0;
/** A new listing stands as one that had a bid three half-lives ago. */
const HEAT_OF_A_LISTING = 1 / 8;

export function heatAtListing(atMs: number): number {
  return Math.log2(HEAT_OF_A_LISTING) + atMs / DISCOVERY.heatHalfLifeMs;
}

export function heatAfter(heat: number, weight: number, atMs: number): number {
  return heatTogether(heat, Math.log2(weight) + atMs / DISCOVERY.heatHalfLifeMs);
}

/** Both sums in one. */
export function heatTogether(a: number, b: number): number {
  const [more, less] = a > b ? [a, b] : [b, a];
  return more + Math.log2(1 + 2 ** (less - more));
}

/** The sum as it has decayed by now, for people: bids of about the last hour. */
export function heatNow(heat: number, nowMs: number): number {
  return 2 ** (heat - nowMs / DISCOVERY.heatHalfLifeMs);
}
