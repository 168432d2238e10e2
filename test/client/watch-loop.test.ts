/** Loops over the states of a watch: the newest for slow readers, or every one up to a bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FellBehind } from '../../src/client/errors.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import { outcome } from './fixture.ts';
import { update, watching } from './watching.ts';

test('a loop sees the state that is known, then the newest each time', async () => {
  const { server, timers, watch } = await watching();
  const loop = watch[Symbol.asyncIterator]();
  assert.equal((await loop.next()).value?.seq, 2);
  for (const seq of [3, 4, 5]) server.socket.say(BID_UPDATE, update(seq));
  await timers.advance(10);
  assert.equal((await loop.next()).value?.seq, 5);
  const waiting = outcome(loop.next());
  await timers.advance(10);
  assert.deepEqual(waiting, {});
  server.socket.say(BID_UPDATE, update(6));
  await timers.advance(10);
  assert.equal(waiting.value?.value?.seq, 6);
});

test('leaving the loop closes the watch', async () => {
  const { server, timers, watch } = await watching();
  const seen: number[] = [];
  server.socket.say(BID_UPDATE, update(3));
  server.socket.say(BID_UPDATE, update(4));
  const loop = (async () => {
    for await (const { seq } of watch) {
      seen.push(seq);
      if (seq === 4) break;
    }
  })();
  await timers.advance(10);
  await loop;
  assert.deepEqual(seen, [2, 3, 4]);
  await timers.advance(10);
  assert.equal(server.all(UNSUBSCRIBE).length, 1);
  assert.equal((await watch[Symbol.asyncIterator]().next()).value?.seq, 4);
});

test('with every, a loop sees every state, and an error when it is too far behind', async () => {
  const { server, timers, watch } = await watching({ statesMax: 4 }, true);
  const loop = watch[Symbol.asyncIterator]();
  for (const seq of [3, 4, 5]) server.socket.say(BID_UPDATE, update(seq));
  await timers.advance(10);
  const seen = [await loop.next(), await loop.next()].map(({ value }) => value?.seq);
  assert.deepEqual(seen, [2, 3]);
  for (const seq of [6, 7, 8, 9]) server.socket.say(BID_UPDATE, update(seq));
  await timers.advance(10);
  for (const seq of [4, 5, 6, 7]) assert.equal((await loop.next()).value?.seq, seq);
  await assert.rejects(loop.next(), FellBehind);
  assert.equal((await loop.next()).done, true);
  assert.equal(watch.state?.seq, 9, 'the watch itself goes on');
});
