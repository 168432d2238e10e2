/**
 * Watching: a snapshot first, then every update; gaps, reconnects and what was missed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionClosed, InvalidArgument, Refused } from '../../src/client/errors.ts';
import type { WatchState } from '../../src/client/state.ts';
import { AUCTION_CHANGED } from '../../src/protocol/messages/auction-changed.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { ENDED } from '../../src/protocol/messages/ended.ts';
import { EXTENDED } from '../../src/protocol/messages/extended.ts';
import { REFUSED } from '../../src/protocol/messages/refused.ts';
import { RESUMED } from '../../src/protocol/messages/resumed.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { AUCTION_ID, opened, OTHER_ID, outcome, view } from './fixture.ts';
import { HANDLE, seqs, snapshots, update, watching } from './watching.ts';

test('the snapshot comes first', async () => {
  const { server, watch, states } = await watching();
  assert.deepEqual(await watch.ready, { ...view(), change: 'snapshot', gapless: true });
  assert.equal(watch.state, states[0]);
  const [subscribe] = server.all(SUBSCRIBE);
  assert.deepEqual(
    { ...subscribe, id: 0 },
    { id: 0, auctionId: AUCTION_ID, epoch: null, seq: null },
  );
});

test('updates are merged into the view', async () => {
  const { server, timers, watch } = await watching();
  const events: string[] = [];
  for (const name of ['bid_update', 'extended', 'ended', 'auction_changed'] as const) {
    watch.on(name, (state) => events.push(`${name} ${state.seq}`));
  }
  const { socket } = server;
  socket.say(BID_UPDATE, update(3, { currentPriceCents: 1500, leadingBidder: 4, bidCount: 1 }));
  await timers.advance(10);
  assert.deepEqual(watch.state, {
    ...view({ seq: 3, currentPriceCents: 1500, leadingBidder: 4, bidCount: 1 }),
    buyNowCents: null,
    minimumNextCents: 350,
    change: 'bid_update',
    gapless: true,
  });
  socket.say(EXTENDED, { handle: HANDLE, seq: 4, endsAtMs: 1_700_000_120_000, extension: 1 });
  await timers.advance(10);
  assert.equal(watch.state?.endsAtMs, 1_700_000_120_000);
  assert.equal(watch.state?.extensions, 1);
  socket.say(AUCTION_CHANGED, { handle: HANDLE, auction: view({ seq: 5, title: 'Another' }) });
  await timers.advance(10);
  assert.equal(watch.state?.title, 'Another');
  socket.say(ENDED, {
    handle: HANDLE,
    seq: 6,
    status: 'sold',
    reason: 'time',
    currentPriceCents: 1700,
    bidCount: 2,
    winner: 4,
  });
  await timers.advance(10);
  const { status, endReason, winner, minimumNextCents, currentPriceCents } =
    watch.state as WatchState;
  assert.deepEqual(
    { status, endReason, winner, minimumNextCents, currentPriceCents },
    { status: 'sold', endReason: 'time', winner: 4, minimumNextCents: 0, currentPriceCents: 1700 },
  );
  assert.deepEqual(events, ['bid_update 3', 'extended 4', 'auction_changed 5', 'ended 6']);
});

test('buy-it-now is gone with the first bid, or when a reserve is met', async () => {
  const open = { hasReserve: true, reserveMet: false, buyNowCents: 5000 };
  for (const [start, met, left] of [
    [{}, true, null],
    [open, false, 5000],
    [open, true, null],
  ] as const) {
    const { gavel, server, timers } = await opened({}, (prepared) => snapshots(prepared, start));
    const watch = gavel.watch(AUCTION_ID);
    await timers.advance(10);
    assert.equal(watch.state?.buyNowCents, 5000);
    server.socket.say(BID_UPDATE, update(3, { reserveMet: met }));
    await timers.advance(10);
    assert.equal(watch.state?.buyNowCents, left);
  }
});

test('an update that stands for several is no gap, and what is known is not told again', async () => {
  const { server, timers, states } = await watching();
  server.socket.say(BID_UPDATE, update(7, { fromSeq: 3 }));
  server.socket.say(BID_UPDATE, update(7));
  server.socket.say(BID_UPDATE, update(5));
  server.socket.say(BID_UPDATE, update(9, { fromSeq: 6 }));
  await timers.advance(10);
  assert.deepEqual(seqs(states), [2, 7, 9]);
  assert.equal(server.all(SUBSCRIBE).length, 1);
});

test('a gap: subscribes again with its position, once, and tells nothing out of order', async () => {
  const { server, timers, states } = await watching();
  server.on(SUBSCRIBE, () => {});
  server.socket.say(BID_UPDATE, update(3));
  server.socket.say(BID_UPDATE, update(5));
  server.socket.say(BID_UPDATE, update(6));
  await timers.advance(10);
  assert.deepEqual(seqs(states), [2, 3]);
  const [, again, ...more] = server.all(SUBSCRIBE);
  assert.deepEqual({ ...again, id: 0 }, { id: 0, auctionId: AUCTION_ID, epoch: 1, seq: 3 });
  assert.deepEqual(more, []);
  const resumed = {
    id: again?.id ?? 0,
    auctionId: AUCTION_ID,
    handle: HANDLE,
    epoch: 1,
    seq: 6,
    missed: 3,
  };
  server.socket.say(RESUMED, resumed);
  for (const seq of [4, 5, 6, 7]) server.socket.say(BID_UPDATE, update(seq));
  await timers.advance(10);
  assert.deepEqual(seqs(states), [2, 3, 4, 5, 6, 7]);
  assert.ok(states.every(({ gapless }) => gapless));
});

test('after a reconnect it resumes by position, under a new handle', async () => {
  const { server, timers, states } = await watching();
  server.socket.say(BID_UPDATE, update(3));
  await timers.advance(10);
  server.on(SUBSCRIBE, (socket, { id, auctionId, epoch, seq }) => {
    assert.deepEqual([epoch, seq], [1, 3]);
    socket.say(RESUMED, { id, auctionId, handle: 60, epoch: 1, seq: 5, missed: 2 });
    socket.say(BID_UPDATE, update(4, { handle: 60 }));
    socket.say(BID_UPDATE, update(5, { handle: 60 }));
  });
  server.socket.cut();
  await timers.advance(2000);
  assert.deepEqual(seqs(states), [2, 3, 4, 5]);
  assert.ok(states.every(({ gapless }) => gapless));
});

test('a subscribe that was lost with its connection does not keep a later gap from being closed', async () => {
  const { server, timers, states } = await watching();
  server.on(SUBSCRIBE, () => {});
  server.socket.say(BID_UPDATE, update(9));
  await timers.advance(10);
  assert.equal(server.all(SUBSCRIBE).length, 2);
  server.socket.cut();
  snapshots(server);
  await timers.advance(2000);
  server.socket.say(BID_UPDATE, update(9));
  await timers.advance(10);
  assert.equal(server.all(SUBSCRIBE).length, 4);
  assert.equal(states.at(-1)?.seq, 2);
});

test('handles belong to a connection: on the next one they may be each other’s', async () => {
  const { gavel, server, timers } = await opened();
  let handles: Readonly<Record<string, number>> = { [AUCTION_ID]: 6, [OTHER_ID]: 7 };
  server.on(SUBSCRIBE, (socket, { id, auctionId }) => {
    const handle = handles[auctionId] ?? 0;
    socket.say(SNAPSHOT, { id, handle, recovered: null, auction: view({ auctionId }) });
  });
  const [one, other] = [gavel.watch(AUCTION_ID), gavel.watch(OTHER_ID)];
  await timers.advance(10);
  handles = { [AUCTION_ID]: 7, [OTHER_ID]: 6 };
  server.socket.cut();
  await timers.advance(2000);
  server.socket.say(BID_UPDATE, update(3, { handle: 6 }));
  await timers.advance(10);
  assert.deepEqual([one.state?.seq, other.state?.seq], [2, 3]);
  server.socket.say(BID_UPDATE, update(3, { handle: 7 }));
  await timers.advance(10);
  assert.deepEqual([one.state?.seq, other.state?.seq], [3, 3]);
});

test('what cannot be had any more is told: a snapshot that is not gapless', async () => {
  const { server, timers, states } = await watching();
  snapshots(server, { seq: 40, epoch: 2 });
  server.socket.cut();
  await timers.advance(2000);
  assert.deepEqual(
    states.map(({ seq, change, gapless }) => [seq, change, gapless]),
    [
      [2, 'snapshot', true],
      [40, 'snapshot', false],
    ],
  );
  server.socket.say(BID_UPDATE, update(41));
  await timers.advance(10);
  assert.equal(states.at(-1)?.gapless, true);
});

test('a whole view after a restart stands for what came before it', async () => {
  const { server, timers, states } = await watching();
  server.socket.say(AUCTION_CHANGED, { handle: HANDLE, auction: view({ seq: 9 }) });
  server.socket.say(AUCTION_CHANGED, { handle: HANDLE, auction: view({ seq: 8 }) });
  server.socket.say(AUCTION_CHANGED, { handle: HANDLE, auction: view({ seq: 9, epoch: 2 }) });
  await timers.advance(10);
  assert.deepEqual(
    states.map(({ seq, epoch, gapless }) => [seq, epoch, gapless]),
    [
      [2, 1, true],
      [9, 1, false],
      [9, 2, false],
    ],
  );
});

test('a subscribe without an answer is sent again', async () => {
  const { gavel, server, timers } = await opened({ attemptTimeoutMs: 1000 });
  const watch = gavel.watch(AUCTION_ID);
  await timers.advance(2500);
  const ids = server.all(SUBSCRIBE).map(({ id }) => id);
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids).size, 3, 'each with an id of its own');
  server.socket.say(SNAPSHOT, {
    id: ids[1] ?? 0,
    handle: HANDLE,
    recovered: null,
    auction: view(),
  });
  await timers.advance(10);
  assert.equal(watch.state?.seq, 2);
});

test('watching what there is not rejects; a busy server is asked again', async () => {
  const { gavel, server, timers } = await opened();
  server.on(SUBSCRIBE, (socket, { id }) => {
    const { code } = REFUSALS.AUCTION_UNKNOWN;
    socket.say(REFUSED, { id, code, retryAfterMs: null, field: null, reason: null });
  });
  const watch = gavel.watch(AUCTION_ID);
  const closed: unknown[] = [];
  watch.on('closed', (error) => closed.push(error));
  const ready = outcome(watch.ready);
  const next = outcome(watch[Symbol.asyncIterator]().next());
  await timers.advance(10);
  assert.ok(ready.error instanceof Refused);
  assert.ok(next.error instanceof Refused);
  assert.equal(closed.length, 1);

  server.on(SUBSCRIBE, (socket, { id }) => {
    const { code } = REFUSALS.OVERLOADED;
    socket.say(REFUSED, { id, code, retryAfterMs: 500, field: null, reason: null });
    snapshots(server);
  });
  const patient = gavel.watch(OTHER_ID);
  await timers.advance(2000);
  assert.equal(patient.state?.auctionId, OTHER_ID);
  assert.throws(() => gavel.watch('nothing'), InvalidArgument);
});

test('watches of one auction share a subscription; the last one ends it', async () => {
  const { gavel, server, timers, watch } = await watching();
  const second = gavel.watch(AUCTION_ID);
  assert.equal((await second.ready).change, 'snapshot');
  assert.equal(server.all(SUBSCRIBE).length, 1);
  watch.close();
  await timers.advance(10);
  assert.equal(server.all(UNSUBSCRIBE).length, 0);
  server.socket.say(BID_UPDATE, update(3));
  await timers.advance(10);
  assert.equal(second.state?.seq, 3);
  assert.equal(watch.state?.seq, 2);
  second.close();
  second.close();
  await timers.advance(10);
  assert.equal(server.all(UNSUBSCRIBE).length, 1);
  server.socket.say(BID_UPDATE, update(4));
  await timers.advance(10);
  assert.equal(second.state?.seq, 3);
});

test('watching again right after leaving starts with a new snapshot', async () => {
  const { gavel, server, timers, watch } = await watching();
  watch.close();
  const again = gavel.watch(AUCTION_ID);
  // Still on its way from before: belongs to nobody.
  server.socket.say(BID_UPDATE, update(3));
  await timers.advance(10);
  assert.equal(again.state?.change, 'snapshot');
  assert.deepEqual(
    server.heard.map(({ name }) => name),
    ['hello', 'subscribe', 'unsubscribe', 'subscribe'],
  );
});

test('a watch that was left while the line was down is not resumed', async () => {
  const { server, timers, watch } = await watching();
  server.socket.cut();
  watch.close();
  await timers.advance(5000);
  assert.equal(server.all(SUBSCRIBE).length, 1);
  assert.equal(server.all(UNSUBSCRIBE).length, 0);
});

test('a listener that throws stops nothing', async (t) => {
  const { server, timers, watch, states } = await watching();
  const thrown: unknown[] = [];
  const uncaught = (error: unknown): void => void thrown.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', uncaught);
  t.after(() => {
    process.off('uncaughtException', uncaught);
    for (const other of others) process.on('uncaughtException', other);
  });
  watch.on('state', () => {
    throw new Error('mine');
  });
  const off = watch.on('state', (state) => states.push(state));
  server.socket.say(BID_UPDATE, update(3));
  await timers.advance(10);
  off();
  assert.deepEqual(seqs(states), [2, 3, 3]);
  assert.deepEqual(thrown, [new Error('mine')]);
});

test('when the client closes for good, watches end with the reason', async () => {
  const { gavel, timers, watch } = await watching();
  const loop = watch[Symbol.asyncIterator]();
  await loop.next();
  const next = outcome(loop.next());
  gavel.close();
  await timers.advance(10);
  assert.ok(next.error instanceof ConnectionClosed);
  assert.equal(watch.state?.seq, 2);
});

test('a watch made while there is no line begins when there is one', async () => {
  const { gavel, server, timers } = await opened({}, snapshots);
  server.socket.cut();
  const watch = gavel.watch(AUCTION_ID);
  await timers.advance(5000);
  assert.equal(watch.state?.seq, 2);
});
