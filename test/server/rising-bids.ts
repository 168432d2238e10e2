/**
 * One auction, one connection, rising bids: the load of the tests in which the disk fails. Each bid
 * is higher than all before it, so whatever is there afterwards has to be the beginning of what was
 * sent, with everything in it that was answered.
 */
import assert from 'node:assert/strict';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { ACCEPTED } from '../../src/protocol/refusals.ts';
import { Server, temporaryFolder, UNLIMITED, verified } from './harness.ts';
import type { Received } from './wire-client.ts';
import { bidsOf, ConnectionLost, list, WireClient } from './wire-client.ts';

export const ONE_SHARD: Readonly<Record<string, string>> = { ...UNLIMITED, GAVEL_DATA_SHARDS: '1' };

/** A folder with one auction, made by a server that had no trouble and stopped. */
export interface Prepared {
  readonly data: string;
  readonly seller: string;
  readonly bidder: string;
  readonly auctionId: string;
}

export async function prepare(data = temporaryFolder()): Promise<Prepared> {
  const healthy = await Server.start({ data, env: ONE_SHARD });
  try {
    const seller = await healthy.token('seller', ['seller', 'bidder']);
    const bidder = await healthy.token('bidder');
    const { auctionId } = await list(healthy.url, seller);
    assert.equal(await healthy.stop(), 0);
    return { data, seller, bidder, auctionId: auctionId as string };
  } finally {
    await healthy.kill();
  }
}

export interface BidLoad {
  /** How many wait for their answer at a time. */
  readonly window: number;
  /** The first bid's number: later ones are higher. */
  readonly from?: number;
  /** Ends when this many were sent, or the connection is lost. */
  readonly bidsMax: number;
  /** Ends earlier. */
  readonly enough?: () => boolean;
}

/** Answers by the place of their bid; null: none came. */
export async function riseBids(
  server: Server,
  { bidder, auctionId }: Prepared,
  { window, bidsMax, from = 0, enough = () => false }: BidLoad,
): Promise<(Received | null)[]> {
  const answers: (Received | null)[] = [];
  let socket: WireClient;
  try {
    socket = await WireClient.connect(server.url, bidder);
  } catch (error) {
    if (error instanceof ConnectionLost) return answers;
    throw error;
  }
  const lane = async (): Promise<void> => {
    while (answers.length < bidsMax && !enough()) {
      const place = answers.push(null) - 1;
      const number = from + place;
      const amountCents = 100_000 + number * 10_000;
      const bid = { id: number + 1, auctionId, nonce: `nonce-000-${number}`, amountCents };
      const open = { currency: null, confirm: null, dryRun: null };
      try {
        answers[place] = await socket.ask(PLACE_BID, { ...bid, ...open });
      } catch (error) {
        if (error instanceof ConnectionLost) return;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  socket.close();
  return answers;
}

/** Those that were told that their bid counts. */
export function accepted(answers: readonly (Received | null)[]): readonly Received[] {
  return answers.filter((answer) => answer?.fields['code'] === ACCEPTED) as Received[];
}

/**
 * What is there after the next start, in peace: every acknowledged bid under the record that its
 * answer named, and nothing that nobody sent. `gavel verify` finds the folder whole before and after.
 */
export async function assertKept(
  { data, seller, auctionId }: Prepared,
  answers: readonly (Received | null)[],
): Promise<void> {
  await verified(data);
  const again = await Server.start({ data, env: UNLIMITED });
  try {
    const bids = (await bidsOf(again.url, seller, auctionId)).toReversed();
    const records = new Set(bids.map(({ record }) => record));
    const lost = accepted(answers).filter(({ fields }) => !records.has(fields['record'] as number));
    assert.deepEqual(lost, [], 'no acknowledged bid is lost');
    assert.ok(bids.length <= answers.length, 'nothing is there that nobody sent');
    assert.equal(await again.stop(), 0);
  } finally {
    await again.kill();
  }
  await verified(data);
}
