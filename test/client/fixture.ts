/** A client and a server in memory, and values with defaults for what they say. */
import type { Gavel } from '../../src/client/client.ts';
import { connect } from '../../src/client/client.ts';
import type { StateChange } from '../../src/client/line.ts';
import type { ConnectOptions } from '../../src/client/options.ts';
import type { MessageOf } from '../../src/protocol/message.ts';
import type { ANSWER } from '../../src/protocol/messages/answer.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import { FakeServer } from './fake-server.ts';
import { FakeTimers, seeded } from './fake-timers.ts';

export interface Fixture {
  readonly timers: FakeTimers;
  readonly server: FakeServer;
  readonly gavel: Gavel;
  /** Every change of the line. */
  readonly changes: StateChange[];
  /** What the client could not make sense of. */
  readonly faults: Error[];
}

/** A client that has begun to connect. */
export function fixture(
  options: Partial<ConnectOptions> = {},
  prepare?: (server: FakeServer) => void,
): Fixture {
  const timers = new FakeTimers();
  const server = new FakeServer(timers);
  prepare?.(server);
  const gavel = connect({
    url: 'ws://gavel.test',
    token: 'token',
    WebSocket: server.WebSocket,
    transports: ['websocket'],
    timers,
    random: seeded(1),
    ...options,
  });
  const changes: StateChange[] = [];
  const faults: Error[] = [];
  gavel.on('state', (change) => changes.push(change));
  gavel.on('error', (error) => faults.push(error));
  return { timers, server, gavel, changes, faults };
}

/** A client that is signed in, and has measured the clock. */
export async function opened(
  options: Partial<ConnectOptions> = {},
  prepare?: (server: FakeServer) => void,
): Promise<Fixture> {
  const made = fixture(options, prepare);
  await made.timers.advance(50);
  await made.gavel.ready;
  return made;
}

export const AUCTION_ID = 'a'.repeat(22);
export const OTHER_ID = 'b'.repeat(22);

export function answer(values: Partial<MessageOf<typeof ANSWER>> = {}): MessageOf<typeof ANSWER> {
  return {
    id: 1,
    code: 0,
    epoch: 1,
    seq: 3,
    record: 7,
    currentPriceCents: 1000,
    status: 'leading',
    minimumNextCents: 1050,
    suggestedCents: [1050, 1100, 1150],
    endsAtMs: 1_700_000_060_000,
    serverTimeMs: 1_700_000_000_000,
    retryAfterMs: null,
    ...values,
  };
}

export function view(values: Partial<AuctionView> = {}): AuctionView {
  return {
    auctionId: AUCTION_ID,
    epoch: 1,
    seq: 2,
    title: 'A watch',
    seller: 'sam',
    status: 'active',
    format: 'proxy',
    currency: 'EUR',
    startPriceCents: 1000,
    currentPriceCents: 1000,
    minimumNextCents: 1000,
    bidCount: 0,
    leadingBidder: 0,
    hasReserve: false,
    reserveMet: true,
    buyNowCents: 5000,
    startsAtMs: 1_700_000_000_000,
    endsAtMs: 1_700_000_060_000,
    extensions: 0,
    softClose: { windowMs: 30_000, extensionMs: 60_000, extensionsMax: 5 },
    listedAtMs: 1_700_000_000_000,
    endReason: null,
    winner: null,
    serverTimeMs: 1_700_000_000_000,
    ...values,
  };
}

/** What a promise has come to, without waiting for it. */
export function outcome<T>(promise: Promise<T>): { value?: T; error?: Error } {
  const seen: { value?: T; error?: Error } = {};
  void (async () => {
    try {
      seen.value = await promise;
    } catch (error) {
      seen.error = error as Error;
    }
  })();
  return seen;
}
