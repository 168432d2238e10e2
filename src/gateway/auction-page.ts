/**
 * One page of auctions from the pages of all shards, newest first: by the millisecond of listing,
 * and within one by id. Every shard says down to where it has looked; what another shard has below
 * that is left for the page after this one, because something may belong in between.
 *
 *   shard 0   9 8 7 │ next            ┐
 *   shard 1   9 6 5 4 3 │ next        ├▶ 9 9 8 7 │ next: the newest of the places where they stopped
 *   shard 2   8 2   the last ones     ┘
 */
import { MalformedField } from '../protocol/field.ts';
import type { Auctions } from '../protocol/messages/auctions.ts';
import type { AuctionView } from '../protocol/views.ts';
import type { Parameter } from './parameters.ts';

/** What lies before it is older. */
export interface Cursor {
  readonly listedAtMs: number;
  /** Auctions of that millisecond with lower ids lie before it; null: none of them. */
  readonly auctionId: string | null;
}

export interface Page {
  readonly auctions: readonly AuctionView[];
  readonly next: string | null;
}

type ShardPage = Pick<Auctions, 'auctions' | 'nextMs' | 'nextId'>;

/** `1800000000000-7hK2mQ9xT4bW8cR5vN1zLp`, or a time alone. */
export const CURSOR: Parameter<Cursor | null> = {
  json: { type: 'string' },
  means: 'The `next` of the page before; or a time in milliseconds: what was listed before it.',
  otherwise: null,
  read(text) {
    const parts = /^(\d{1,15})(?:-([0-9A-Za-z]{22}))?$/.exec(text);
    if (parts !== null) return { listedAtMs: Number(parts[1]), auctionId: parts[2] ?? null };
    throw new MalformedField('must be the next of an earlier page; start again without one');
  },
};

/** The place where a shard's page begins. */
export function startOf(cursor: Cursor | null): {
  readonly beforeUs: number | null;
  readonly beforeId: string | null;
} {
  if (cursor === null) return { beforeUs: null, beforeId: null };
  return { beforeUs: cursor.listedAtMs * 1000, beforeId: cursor.auctionId };
}

export function mergePages(pages: readonly ShardPage[], limit: number): Page {
  const stops = pages.flatMap(({ nextMs, nextId }) =>
    nextMs === null ? [] : [{ listedAtMs: nextMs, auctionId: nextId }],
  );
  const stop = stops.toSorted(newestFirst)[0] ?? null;
  const seen = pages
    .flatMap(({ auctions }) => auctions)
    .filter((view) => stop === null || newestFirst(view, stop) <= 0)
    .toSorted(newestFirst);
  const auctions = seen.slice(0, limit);
  const next = seen.length > limit ? (auctions.at(-1) ?? null) : stop;
  return { auctions, next: next === null ? null : cursorText(next) };
}

/** A time alone lies behind all auctions of its millisecond. */
function newestFirst(a: Cursor, b: Cursor): number {
  if (a.listedAtMs !== b.listedAtMs) return b.listedAtMs - a.listedAtMs;
  const [idA, idB] = [a.auctionId ?? '', b.auctionId ?? ''];
  if (idA === idB) return 0;
  return idA < idB ? 1 : -1;
}

function cursorText({ listedAtMs, auctionId }: Cursor): string {
  return auctionId === null ? `${listedAtMs}` : `${listedAtMs}-${auctionId}`;
}
