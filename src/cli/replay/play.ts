/**
 * What is replayed and what comes of it. `play` runs a plan: through a real shard
 * (shard-player.ts), or in tests through something simpler.
 *
 *   recording ──plan──▶ play ──▶ outcome ──▶ report
 *                 ▲                 │
 *                 └── reserves ◀────┘  --infer-reserve: a second pass
 */
import type { RecordedAuction, Recording } from './recorded-bids.ts';

export interface PlannedBid {
  /** Index of the auction in the recording. */
  readonly auction: number;
  readonly bidder: string;
  readonly amountCents: number;
  /** From the common start of all auctions. */
  readonly afterUs: number;
}

export interface Plan {
  readonly auctions: readonly RecordedAuction[];
  /** Per auction; null: none. */
  readonly reservesCents: readonly (number | null)[];
  /** Of all auctions, in the order of their time. */
  readonly bids: readonly PlannedBid[];
}

export interface Outcome {
  readonly accepted: number;
  /** How often each refusal was given. */
  readonly refusedByName: ReadonlyMap<string, number>;
  /** Per auction, after its end. */
  readonly closes: readonly Close[];
}

export interface Close {
  readonly status: string;
  readonly priceCents: number;
}

export type Play = (plan: Plan, onProgress: (done: number) => void) => Promise<Outcome>;

export interface Difference {
  readonly auction: string;
  readonly item: string;
  readonly recordedCents: number;
  readonly replayedCents: number;
  readonly status: string;
}

export interface ReplayReport {
  readonly auctions: number;
  readonly bids: number;
  readonly accepted: number;
  readonly refused: number;
  readonly refusedByName: Readonly<Record<string, number>>;
  /** Auctions that close at the recorded price, no reserve known. */
  readonly matched: number;
  /** The same when each of the others has a reserve equal to its recorded price; null: not asked. */
  readonly matchedWithReserve: number | null;
  /** Auctions that differ in the last pass. */
  readonly differing: readonly Difference[];
  /** Rows that were skipped. */
  readonly malformed: number;
}

/** All auctions start together, so their bids interleave like those of a busy evening. */
export function planOf(recording: Recording, reservesCents: readonly (number | null)[]): Plan {
  const bids = recording.auctions.flatMap((auction, index) =>
    auction.bids.map(({ bidder, amountCents, afterUs, line }) => ({
      bid: { auction: index, bidder, amountCents, afterUs },
      line,
    })),
  );
  bids.sort((a, b) => a.bid.afterUs - b.bid.afterUs || a.line - b.line);
  return { auctions: recording.auctions, reservesCents, bids: bids.map(({ bid }) => bid) };
}

export async function replay(
  recording: Recording,
  inferReserve: boolean,
  play: Play,
  onProgress: (done: number) => void = () => {},
): Promise<ReplayReport> {
  const none = recording.auctions.map(() => null);
  const first = await play(planOf(recording, none), onProgress);
  const differing = differences(recording, first);
  let last = differing;
  if (inferReserve) {
    const names = new Set(differing.map(({ auction }) => auction));
    const reserves = recording.auctions.map(({ name, priceCents }) =>
      names.has(name) ? priceCents : null,
    );
    const second = await play(planOf(recording, reserves), onProgress);
    last = differences(recording, second);
  }
  const auctions = recording.auctions.length;
  const refusedByName = Object.fromEntries(first.refusedByName);
  return {
    auctions,
    bids: recording.bids,
    accepted: first.accepted,
    refused: Object.values(refusedByName).reduce((sum, count) => sum + count, 0),
    refusedByName,
    matched: auctions - differing.length,
    matchedWithReserve: inferReserve ? auctions - last.length : null,
    differing: last,
    malformed: recording.faults.length,
  };
}

function differences({ auctions }: Recording, { closes }: Outcome): Difference[] {
  return auctions.flatMap(({ name, item, priceCents }, index) => {
    const close = closes[index];
    const replayedCents = close?.priceCents ?? 0;
    const status = close?.status ?? 'unknown';
    if (replayedCents === priceCents && status === 'sold') return [];
    return [{ auction: name, item, recordedCents: priceCents, replayedCents, status }];
  });
}
