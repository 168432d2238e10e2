/**
 * Bytes on the wire: what a watcher gets for each bid_update, against the same update as JSON in
 * the seed's shape, WebSocket headers included, averaged over a run with real bidding.
 */
import type { Scenario } from '../scenario.ts';
import { sleep } from '../child.ts';
import { atLeast, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { clientFrame } from '../load/bid-frames.ts';
import { Connection } from '../load/connection.ts';
import { BINARY_PROTOCOL, load, PATH, summary, told } from '../load/workload.ts';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';

const AUCTIONS = 100;
const BIDS_PER_SECOND = 2_000;
const SUBSCRIBE_MS_MAX = 10_000;
const SAVED_PERCENT = 60;

export const BYTES: Scenario = {
  name: 'bytes',
  title: 'bytes of a bid_update on the wire',
  async run(bench): Promise<ScenarioReport> {
    const server = await GavelServer.start(bench);
    const target = await server.target(AUCTIONS);
    const ours: number[] = [];
    const seeds: number[] = [];
    const saved: number[] = [];
    const savedToOwn: number[] = [];
    const updates: number[] = [];
    const details = [];
    for (let run = 1; run <= bench.runs; run++) {
      const token = await server.token('watcher', ['bidder']);
      const watcher = await Watcher.open(server.port, token, target.auctions.ids);
      bench.defer(() => Promise.resolve(watcher.close()));
      const loop = { kind: 'open', bidsPerSecond: BIDS_PER_SECOND, run: 1 } as const;
      const result = await load(bench, target, loop);
      watcher.close();
      bench.say(`  ${told(`${watcher.updates} updates`, result)}`);
      if (watcher.updates === 0) throw new Error('the watcher got no update');
      ours.push(watcher.bytes / watcher.updates);
      seeds.push(watcher.seedBytes / watcher.updates);
      saved.push(100 - (watcher.bytes * 100) / watcher.seedBytes);
      savedToOwn.push(100 - (watcher.bytes * 100) / watcher.ownJsonBytes);
      updates.push(watcher.updates);
      details.push(summary('bidding', result));
    }
    await server.end();
    const limit = { name: "the seed's JSON", runs: seeds };
    return {
      figures: [
        figure('bytes per bid_update', 'B', ours, { limit }),
        figure("fewer than the seed's JSON", '%', saved, { target: atLeast(SAVED_PERCENT) }),
        figure('fewer than the same fields as JSON', '%', savedToOwn),
      ],
      notes: [`${updates.join(', ')} updates, as conflated for watchers.`],
      details,
    };
  },
};

/** A connection that watches auctions and weighs what it gets. */
class Watcher {
  updates = 0;
  bytes = 0;
  seedBytes = 0;
  ownJsonBytes = 0;
  readonly #reader = new MsgpackReader();
  /** Auction and end by handle. */
  readonly #watched = new Map<number, { readonly auctionId: string; readonly endsAtMs: number }>();
  #connection: Connection | null = null;
  #lost = '';

  static async open(port: number, token: string, ids: readonly string[]): Promise<Watcher> {
    const watcher = new Watcher();
    const options = { port, path: PATH, protocol: BINARY_PROTOCOL, token, feed: false };
    watcher.#connection = await Connection.open(0, options, {
      answer: (_connection, id, code) => {
        watcher.#lost = `subscription ${id} was refused with code ${code}`;
      },
      push: (_connection, number, bytes, from, to) => watcher.#push(number, bytes, from, to),
      drained: () => undefined,
      lost: (_connection, reason) => {
        watcher.#lost = reason;
      },
    });
    ids.forEach((auctionId, i) => {
      const frame = clientFrame(SUBSCRIBE, { id: i + 2, auctionId, epoch: null, seq: null });
      watcher.#connection?.send(frame);
    });
    const endMs = performance.now() + SUBSCRIBE_MS_MAX;
    while (watcher.#watched.size < ids.length) {
      if (watcher.#lost !== '' || performance.now() > endMs) {
        throw new Error(`the watcher could not subscribe: ${watcher.#lost}`);
      }
      await sleep(10);
    }
    return watcher;
  }

  close(): void {
    this.#connection?.close();
  }

  #push(number: number, bytes: Uint8Array, from: number, to: number): void {
    if (number !== SNAPSHOT.number && number !== BID_UPDATE.number) return;
    const reader = this.#reader.open(bytes, from, to);
    const present = reader.array() - 1;
    reader.uint();
    if (number === SNAPSHOT.number) {
      const { handle, auction } = SNAPSHOT.readFields(reader, present);
      this.#watched.set(handle, { auctionId: auction.auctionId, endsAtMs: auction.endsAtMs });
      return;
    }
    const update = BID_UPDATE.readFields(reader, present);
    const watched = this.#watched.get(update.handle);
    if (watched === undefined) throw new Error('an update with a handle that no snapshot named');
    const now = Date.now();
    const seed = {
      type: 'bid_update',
      auctionId: watched.auctionId,
      currentPrice: update.currentPriceCents / 100,
      bidCount: update.bidCount,
      leadingBidder: `u${update.leadingBidder}`,
      timeRemaining: watched.endsAtMs - now,
      timestamp: now,
    };
    this.updates += 1;
    this.bytes += onTheWire(to - from);
    this.seedBytes += onTheWire(JSON.stringify(seed).length);
    this.ownJsonBytes += onTheWire(JSON.stringify(BID_UPDATE.toNamed(update)).length);
  }
}

/** With the header of a WebSocket frame from a server. */
function onTheWire(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 2 : 4);
}
