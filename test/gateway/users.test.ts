/** Users come, go, are forgotten and come back, over real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { RESULT } from '../../src/protocol/messages/result.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { Client } from './client.ts';
import { deliver, encode } from './fake-shards.ts';
import { AUCTION_A, start } from './fixtures.ts';
import { http } from './http.ts';
import { refusedFrame } from './messages.ts';

test('whoever wants the private feed is known to every shard from the sign-in on', async (t) => {
  const fixture = await start(t, { shardCount: 3 });
  const { shards } = fixture;
  await Client.signedIn(fixture, 'ann');
  assert.deepEqual(
    shards.introduced.map(({ shard, userId }) => [shard, userId]),
    [0, 1, 2].map((shard) => [shard, 'ann']),
  );
  await Client.signedIn(fixture, 'bob', { feed: false });
  assert.equal(shards.introduced.length, 3, 'who does not want it is not told of');
  shards.full = true;
  const client = await Client.connect(fixture.gateway.port, MSGPACK_PROTOCOL);
  const token = await fixture.token('cat');
  client.send(HELLO, { id: 1, token, client: null, feed: null, after: null });
  assert.equal((await client.next('refused'))['code'], REFUSALS.OVERLOADED.code);
  shards.full = false;
  client.send(HELLO, { id: 2, token, client: null, feed: null, after: null });
  assert.equal((await client.next('welcome'))['userId'], 'cat');
});

test('users who are away are forgotten, those who are connected or being served are not', async (t) => {
  const fixture = await start(t, { shardCount: 1, limits: { usersMax: 2 } });
  const { shards, gateway } = fixture;
  const ann = await Client.signedIn(fixture, 'ann');
  const get = async (sub: string): Promise<unknown> => {
    const token = await fixture.token(sub);
    return http(gateway.port, 'GET', `/v1/auctions/${AUCTION_A}`, { token });
  };
  // Bob's request waits for its answer.
  const waiting = get('bob');
  const bobs = await shards.next();
  shards.onSubmit = ({ conn }) =>
    deliver(gateway.deliveries, (to) => to.reply(conn, refusedFrame(1, 'AUCTION_UNKNOWN')));
  for (const sub of ['cat', 'dan', 'eve']) await get(sub);
  const numberOf = (id: string): number | undefined =>
    shards.introduced.find(({ userId }) => userId === id)?.user;
  assert.deepEqual(
    shards.forgotten.map(({ user }) => user),
    [numberOf('cat'), numberOf('dan')],
  );
  deliver(gateway.deliveries, (to) => to.reply(bobs.conn, refusedFrame(1, 'AUCTION_UNKNOWN')));
  await waiting;
  for (const sub of ['fay', 'bob', 'gil']) await get(sub);
  ann.send(GET, { id: 9, auctionId: AUCTION_A });
  assert.equal(shards.submitted.at(-1)?.user, numberOf('gil'));
  await ann.next('refused');
  assert.equal(shards.submitted.at(-1)?.user, numberOf('ann'), 'never forgotten');
  assert.equal(shards.introduced.filter(({ userId }) => userId === 'ann').length, 1);
  // What a shard still sends to somebody who was forgotten reaches nobody.
  const cat = await Client.signedIn(fixture, 'cat');
  const again = shards.introduced.findLast(({ userId }) => userId === 'cat')?.user ?? 0;
  assert.notEqual(again, numberOf('cat'));
  const ended = { auctionId: AUCTION_A, epoch: 1, seq: 3, currentPriceCents: 5 };
  const result = { ...ended, winnerId: null, noticeSeq: null };
  deliver(gateway.deliveries, (to) => {
    to.notify(numberOf('cat') ?? 0, 0, encode(RESULT, { ...result, outcome: 'lost' }));
    to.notify(again, 0, encode(RESULT, { ...result, outcome: 'won' }));
  });
  assert.equal((await cat.next('result'))['outcome'], 'won');
});
