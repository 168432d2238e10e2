/**
 * One page of auctions from the pages of all shards, newest first. Listing times come in
 * milliseconds, so the cursor says how many auctions of the last millisecond have been shown.
 * Within one millisecond the order is by shard, and within a shard the shard's own.
 */
import { MalformedField } from '../protocol/field.ts';
import type { AuctionView } from '../protocol/views.ts';

/** Shards give no more at once. */
const SHARD_PAGE_MAX = 100;

export interface Cursor {
  readonly listedAtMs: number;
  /** Auctions of that millisecond that have been shown. */
  readonly shown: number;
}

export interface Page {
  readonly auctions: readonly AuctionView[];
  readonly next: string | null;
}

/** @throws MalformedField */
export function parseCursor(text: string | null): Cursor | null {
  if (text === null) return null;
  const parts = /^(\d{1,15})-(\d{1,4})$/.exec(text);
  if (parts === null)
    throw new MalformedField('must be a cursor that an earlier page gave', 'cursor');
  return { listedAtMs: Number(parts[1]), shown: Number(parts[2]) };
}

/** What to ask each shard for. */
export function shardPage(
  limit: number,
  cursor: Cursor | null,
): { limit: number; beforeUs: number | null } {
  if (cursor === null) return { limit: Math.min(SHARD_PAGE_MAX, limit + 1), beforeUs: null };
  return {
    limit: Math.min(SHARD_PAGE_MAX, limit + cursor.shown + 1),
    beforeUs: (cursor.listedAtMs + 1) * 1000,
  };
}

export function mergePages(
  pages: readonly (readonly AuctionView[])[],
  limit: number,
  cursor: Cursor | null,
): Page {
  const all = pages.flat().sort((a, b) => b.listedAtMs - a.listedAtMs);
  const sameMs = (view: AuctionView): boolean => view.listedAtMs === cursor?.listedAtMs;
  const skip = Math.min(cursor?.shown ?? 0, all.filter(sameMs).length);
  const auctions = all.slice(skip, skip + limit);
  const asked = shardPage(limit, cursor).limit;
  const more = all.length > skip + limit || pages.some((page) => page.length >= asked);
  const last = auctions.at(-1);
  if (!more) return { auctions, next: null };
  // A whole page of one millisecond that has all been shown: go on before it.
  if (last === undefined) return { auctions, next: cursorText((cursor?.listedAtMs ?? 1) - 1, 0) };
  const shown = all.slice(0, skip + limit).filter((view) => view.listedAtMs === last.listedAtMs);
  return { auctions, next: cursorText(last.listedAtMs, shown.length) };
}

function cursorText(listedAtMs: number, shown: number): string {
  return `${listedAtMs}-${shown}`;
}
