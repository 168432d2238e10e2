/** A client that watches one auction, and what a server tells about it. */
import type { ConnectOptions } from '../../src/client/options.ts';
import type { WatchState } from '../../src/client/state.ts';
import type { Watch } from '../../src/client/watch.ts';
import type { MessageOf } from '../../src/protocol/message.ts';
import type { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import type { FakeServer } from './fake-server.ts';
import type { Fixture } from './fixture.ts';
import { AUCTION_ID, opened, view } from './fixture.ts';

export const HANDLE = 6;

export function update(
  seq: number,
  values: Partial<MessageOf<typeof BID_UPDATE>> = {},
): MessageOf<typeof BID_UPDATE> {
  return {
    handle: HANDLE,
    seq,
    currentPriceCents: seq * 100,
    minimumNextCents: seq * 100 + 50,
    bidCount: seq,
    leadingBidder: 1,
    reserveMet: true,
    fromSeq: null,
    ...values,
  };
}

/** Answers subscribes with the snapshot at this position. */
export function snapshots(server: FakeServer, values: Partial<AuctionView> = {}): void {
  server.on(SUBSCRIBE, (socket, { id, auctionId, epoch }) => {
    const recovered = epoch === null ? null : false;
    socket.say(SNAPSHOT, {
      id,
      handle: HANDLE,
      recovered,
      auction: view({ auctionId, ...values }),
    });
  });
}

export interface Watching extends Fixture {
  readonly watch: Watch;
  /** Every state so far. */
  readonly states: WatchState[];
}

export async function watching(
  options: Partial<ConnectOptions> = {},
  every = false,
): Promise<Watching> {
  const made = await opened(options, snapshots);
  const watch = made.gavel.watch(AUCTION_ID, { every });
  const states: WatchState[] = [];
  watch.on('state', (state) => states.push(state));
  await made.timers.advance(10);
  return { ...made, watch, states };
}

export const seqs = (states: readonly WatchState[]): number[] => states.map(({ seq }) => seq);
