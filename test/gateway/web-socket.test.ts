/** WebSocket sessions: what goes to a shard, what is answered here, what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { GET_AS_ADMIN } from '../../src/protocol/messages/get-as-admin.ts';
import { LIST_BIDS } from '../../src/protocol/messages/list-bids.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { HEARD } from '../../src/protocol/messages/heard.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { OUTBID } from '../../src/protocol/messages/outbid.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import { JSON_PROTOCOL, MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import type { TokenVerifier } from '../../src/gateway/token-verifier.ts';
import type { Identity } from '../../src/gateway/user.ts';
import type { RefusalName } from '../../src/protocol/refusals.ts';
import { hashText } from '../../src/routing/hash-ring.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { Named } from './client.ts';
import { Client } from './client.ts';
import { decode, deliver, encode } from './fake-shards.ts';
import { AUCTION_A, AUCTION_B, start } from './fixtures.ts';
import { http } from './http.ts';
import { answerOf, bidOf, subscriptionTo } from './messages.ts';

function assertRefused(message: Named, name: RefusalName, id: number): void {
  assert.equal(message.type, 'refused');
  assert.equal(message['code'], REFUSALS[name].code, name);
  assert.equal(message['id'], id);
}

test('a bid goes to its shard, stamped, and its answer comes back', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture, 'ann');
  const beforeUs = fixture.clock.nowUs();
  client.send(PLACE_BID, bidOf(2));
  const submitted = await fixture.shards.next();
  assert.deepEqual(decode(submitted.frame).value, bidOf(2));
  const { user, shard } = submitted;
  assert.ok(fixture.shards.introduced.some((one) => one.shard === shard && one.user === user));
  assert.ok(fixture.shards.introduced.every(({ userId }) => userId === 'ann'));
  assert.equal(submitted.shard, fixture.shards.ownerOf(hashText(AUCTION_A)));
  assert.ok(submitted.stampUs >= beforeUs && submitted.stampUs <= fixture.clock.nowUs());
  deliver(fixture.gateway.deliveries, (to) =>
    to.reply(submitted.conn, encode(ANSWER, answerOf(2))),
  );
  assert.equal((await client.next('answer'))['currentPriceCents'], 500);
});

test('buy_now, retract, get and subscribe go to the shard as they came', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture);
  const named = { auctionId: AUCTION_B, nonce: 'nonce-000002' };
  client.send(BUY_NOW, { id: 2, ...named });
  client.send(RETRACT, { id: 3, ...named });
  client.send(GET, { id: 4, auctionId: AUCTION_B });
  client.send(SUBSCRIBE, { id: 5, auctionId: AUCTION_B, epoch: 1, seq: 9 });
  const types: string[] = [];
  for (let i = 0; i < 4; i++) types.push(decode((await fixture.shards.next()).frame).type);
  assert.deepEqual(types, ['buy_now', 'retract', 'get', 'subscribe']);
  assert.equal(fixture.shards.introduced.length, 2, 'each shard learns a user once');
});

test('ping is answered before hello, with the clock of the server', async (t) => {
  const { gateway, clock } = await start(t);
  const client = await Client.connect(gateway.port);
  client.send(PING, { id: 9, clientTimeMs: 123 });
  const pong = await client.next('pong');
  assert.deepEqual([pong['id'], pong['clientTimeMs']], [9, 123]);
  assert.ok(Math.abs((pong['serverTimeMs'] as number) - clock.nowUs() / 1000) < 5_000);
});

test('without hello bids are refused with NOT_SIGNED_IN, and reading is open', async (t) => {
  const { gateway, shards } = await start(t);
  const client = await Client.connect(gateway.port);
  client.send(PLACE_BID, bidOf(2));
  assertRefused(await client.next(), 'NOT_SIGNED_IN', 2);
  client.send(GET, { id: 3, auctionId: AUCTION_A });
  assert.equal((await shards.next()).user, 0);
});

test('where watching is not open, everything but ping is NOT_SIGNED_IN before hello', async (t) => {
  const { gateway, shards } = await start(t, { allowAnonymous: false });
  const client = await Client.connect(gateway.port);
  client.send(GET, { id: 3, auctionId: AUCTION_A });
  assertRefused(await client.next(), 'NOT_SIGNED_IN', 3);
  client.send(SUBSCRIBE, { id: 4, auctionId: AUCTION_A, epoch: null, seq: null });
  assertRefused(await client.next(), 'NOT_SIGNED_IN', 4);
  assert.equal(shards.submitted.length, 0);
});

test('without the role of a bidder a bid is refused with ROLE_MISSING', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('sam', ['seller']);
  const client = await Client.signedIn(fixture, 'sam', { token });
  client.send(PLACE_BID, bidOf(2));
  const refused = await client.next();
  assertRefused(refused, 'ROLE_MISSING', 2);
  assert.equal(refused['reason'], 'the role bidder is needed');
});

test('a frame that the queue does not take is OVERLOADED with a time to wait', async (t) => {
  const fixture = await start(t, { limits: { overloadRetryMs: 70 } });
  const client = await Client.signedIn(fixture);
  fixture.shards.full = true;
  client.send(PLACE_BID, bidOf(2));
  const refused = await client.next();
  assertRefused(refused, 'OVERLOADED', 2);
  assert.equal(refused['retryAfterMs'], 70);
});

test('a queue that is too old refuses commands and reads with a time that follows from it', async (t) => {
  const fixture = await start(t, { limits: { targetAgeMs: 20 } });
  const client = await Client.signedIn(fixture);
  fixture.shards.waitUs = 200_000;
  client.send(PLACE_BID, bidOf(2));
  const refused = await client.next();
  assertRefused(refused, 'OVERLOADED', 2);
  assert.equal(refused['retryAfterMs'], 200);
  assert.equal(fixture.shards.submitted.length, 0);
  fixture.shards.waitUs = 0;
  client.send(PLACE_BID, bidOf(3));
  assert.equal((await fixture.shards.next()).conn > 0, true);
});

test('unknown types, and types that clients do not send, are UNKNOWN_TYPE', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture);
  const writer = new MsgpackWriter();
  writer.array(2);
  writer.uint(99);
  writer.uint(7);
  client.socket.send(writer.copy());
  assertRefused(await client.next(), 'UNKNOWN_TYPE', 7);
  client.send(ANSWER, answerOf(8));
  assertRefused(await client.next(), 'UNKNOWN_TYPE', 8);
  client.send(LIST_BIDS, { id: 9, auctionId: AUCTION_A, before: null, limit: 10, asAdmin: true });
  assertRefused(await client.next(), 'UNKNOWN_TYPE', 9);
  client.send(GET_AS_ADMIN, { id: 10, auctionId: AUCTION_A });
  assertRefused(await client.next(), 'UNKNOWN_TYPE', 10);
  assert.equal(fixture.shards.submitted.length, 0);
});

test('a get of an admin says so to the shard, in both encodings', async (t) => {
  const fixture = await start(t);
  for (const protocol of [MSGPACK_PROTOCOL, JSON_PROTOCOL]) {
    for (const [roles, type] of [
      [['admin'], 'get_as_admin'],
      [['seller', 'bidder'], 'get'],
    ] as const) {
      const token = await fixture.token('ada', roles);
      const client = await Client.signedIn(fixture, 'ada', { protocol, token });
      client.send(GET, { id: 6, auctionId: AUCTION_A });
      const { frame, user } = await fixture.shards.next();
      const { value, ...decoded } = decode(frame);
      assert.equal(decoded.type, type);
      assert.deepEqual({ ...(value as object) }, { id: 6, auctionId: AUCTION_A });
      assert.ok(user > 0);
    }
  }
});

test('a frame that cannot be read is MALFORMED with its place', async (t) => {
  const { gateway } = await start(t);
  const client = await Client.connect(gateway.port);
  client.socket.send(new Uint8Array([0x93, PING.number, 5, 0xa4, 0x6e, 0x6f, 0x6f, 0x6e]));
  const refused = await client.next();
  assertRefused(refused, 'MALFORMED', 5);
  assert.equal(refused['field'], 'clientTimeMs');
  client.socket.send(new Uint8Array([0xc1]));
  const noFrame = await client.next();
  assertRefused(noFrame, 'MALFORMED', 0);
  assert.equal(noFrame['field'], undefined);
  assert.equal(noFrame['reason'], 'the message must be an array that starts with its number');
  client.send(GET, { id: 6, auctionId: 'short' });
  const short = await client.next();
  assertRefused(short, 'MALFORMED', 6);
  assert.equal(short['field'], 'auctionId');
  const withRest = Buffer.concat([encode(PING, { id: 7, clientTimeMs: null }), Buffer.from([0])]);
  client.socket.send(withRest);
  assertRefused(await client.next(), 'MALFORMED', 7);
});

test('a frame above the limit is TOO_LARGE, with its id', async (t) => {
  const { gateway } = await start(t);
  const client = await Client.connect(gateway.port);
  client.send(HELLO, { id: 4, token: 'x'.repeat(5000), client: null, feed: null, after: null });
  assertRefused(await client.next(), 'TOO_LARGE', 4);
});

test('more frames than the rate are TOO_MANY_REQUESTS until the time given has passed', async (t) => {
  const { gateway, clock } = await start(t, { limits: { framesPerSecond: 2, burstSeconds: 2 } });
  const client = await Client.connect(gateway.port);
  for (let id = 1; id <= 5; id++) client.send(PING, { id, clientTimeMs: null });
  for (let id = 1; id <= 4; id++) await client.next('pong');
  const refused = await client.next();
  assertRefused(refused, 'TOO_MANY_REQUESTS', 5);
  const waitMs = refused['retryAfterMs'] as number;
  assert.ok(waitMs > 400 && waitMs <= 500, `${waitMs} ms`);
  clock.forward(waitMs);
  client.send(PING, { id: 6, clientTimeMs: null });
  await client.next('pong');
});

test('more bytes than the rate are TOO_MANY_REQUESTS', async (t) => {
  const limits = { bytesPerSecond: 4096, burstSeconds: 1, frameBytesMax: 4096 };
  const { gateway } = await start(t, { limits });
  const client = await Client.connect(gateway.port);
  const large = Buffer.alloc(3000, 0xa0);
  large.set([0x93, 99, 1]);
  client.socket.send(large);
  assertRefused(await client.next(), 'UNKNOWN_TYPE', 1);
  client.socket.send(large);
  assertRefused(await client.next(), 'TOO_MANY_REQUESTS', 1);
});

test("a user's commands count over all connections", async (t) => {
  const limits = { commandsPerSecondAndUser: 1, burstSeconds: 2 };
  const fixture = await start(t, { limits });
  const [one, two] = [await Client.signedIn(fixture), await Client.signedIn(fixture)];
  one.send(PLACE_BID, bidOf(2));
  await fixture.shards.next();
  two.send(PLACE_BID, bidOf(2));
  await fixture.shards.next();
  one.send(PLACE_BID, bidOf(3));
  assertRefused(await one.next(), 'TOO_MANY_REQUESTS', 3);
});

test('frames that wait for their answer are limited on each connection', async (t) => {
  const fixture = await start(t, { limits: { inFlightPerConnectionMax: 2 } });
  const client = await Client.signedIn(fixture);
  for (let id = 2; id <= 4; id++) client.send(PLACE_BID, bidOf(id));
  assertRefused(await client.next(), 'TOO_MANY_REQUESTS', 4);
  const { conn } = await fixture.shards.next();
  deliver(fixture.gateway.deliveries, (to) => to.reply(conn, encode(ANSWER, answerOf(2))));
  await client.next('answer');
  client.send(PLACE_BID, bidOf(5));
  await fixture.shards.next();
  assert.equal(decode((await fixture.shards.next()).frame).type, 'place_bid');
});

test('an answer that comes twice lets nobody have more in flight', async (t) => {
  const fixture = await start(t, { limits: { inFlightPerConnectionMax: 2 } });
  const client = await Client.signedIn(fixture);
  client.send(PLACE_BID, bidOf(2));
  const { conn } = await fixture.shards.next();
  for (let times = 0; times < 3; times++) {
    deliver(fixture.gateway.deliveries, (to) => to.reply(conn, encode(ANSWER, answerOf(2))));
    await client.next('answer');
  }
  for (let id = 3; id <= 5; id++) client.send(PLACE_BID, bidOf(id));
  assertRefused(await client.next(), 'TOO_MANY_REQUESTS', 5);
});

test('subscriptions beyond the limit are TOO_MANY_SUBSCRIPTIONS', async (t) => {
  const { gateway, shards } = await start(t, { limits: { subscriptionsPerConnectionMax: 1 } });
  const client = await Client.connect(gateway.port);
  client.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: null, seq: null });
  const submitted = await shards.next();
  client.send(SUBSCRIBE, { id: 2, auctionId: AUCTION_B, epoch: null, seq: null });
  assertRefused(await client.next(), 'TOO_MANY_SUBSCRIPTIONS', 2);
  const { sub, bytes } = subscriptionTo(submitted, 4, 0);
  deliver(gateway.deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  await client.next('snapshot');
  client.send(SUBSCRIBE, { id: 3, auctionId: AUCTION_A, epoch: null, seq: null });
  await shards.next();
  client.send(UNSUBSCRIBE, { id: 4, auctionId: AUCTION_B });
  await client.next('done');
});

test('a second hello prolongs the session of the same user and is refused for another', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture, 'ann');
  const longer = await fixture.token('ann', ['bidder', 'seller'], 3_600_000);
  client.send(HELLO, { id: 2, token: longer, client: null, feed: null, after: null });
  const welcome = await client.next('welcome');
  assert.ok((welcome['expiresAtMs'] as number) > fixture.clock.nowUs() / 1000 + 3_000_000);
  const other = await fixture.token('bob');
  client.send(HELLO, { id: 3, token: other, client: null, feed: null, after: null });
  assertRefused(await client.next(), 'ALREADY_SIGNED_IN', 3);
});

test('a hello while another is checked is refused, as is one above those checked at once', async (t) => {
  const checks: ((identity: Identity) => void)[] = [];
  const verifier: TokenVerifier = {
    known: () => undefined,
    verify: () => new Promise((resolve) => checks.push(resolve)),
  };
  const { gateway } = await start(t, { verifier, limits: { signInsAtOnceMax: 1 } });
  const [one, two] = [await Client.connect(gateway.port), await Client.connect(gateway.port)];
  const hello = { token: 'x', client: null, feed: null, after: null };
  one.send(HELLO, { id: 1, ...hello });
  one.send(HELLO, { id: 2, ...hello });
  assertRefused(await one.next(), 'ALREADY_SIGNED_IN', 2);
  two.send(HELLO, { id: 3, ...hello });
  assertRefused(await two.next(), 'OVERLOADED', 3);
  one.send(PLACE_BID, bidOf(4));
  assertRefused(await one.next(), 'NOT_SIGNED_IN', 4);
  checks[0]?.({ userId: 'ann', roles: 0, expiresAtMs: 4_000_000_000_000 });
  assert.equal((await one.next('welcome'))['id'], 1);
});

test('a verifier that fails is INTERNAL, and the connection may try again', async (t) => {
  const failing: TokenVerifier = {
    known: () => undefined,
    verify: () => Promise.reject(new Error('planted')),
  };
  const fixture = await start(t, { verifier: failing });
  const client = await Client.connect(fixture.gateway.port);
  for (const id of [1, 2]) {
    client.send(HELLO, { id, token: 'x', client: null, feed: null, after: null });
    assertRefused(await client.next(), 'INTERNAL', id);
  }
  assert.equal(fixture.logged.length, 2);
});

test('tokens tried by one address are limited by rate', async (t) => {
  const limits = { signInsPerSecondAndAddress: 1, burstSeconds: 2 };
  const fixture = await start(t, { limits });
  await Client.signedIn(fixture, 'ann');
  await Client.signedIn(fixture, 'bob');
  const client = await Client.connect(fixture.gateway.port);
  client.send(HELLO, { id: 1, token: 'x', client: null, feed: null, after: null });
  const refused = await client.next();
  assertRefused(refused, 'TOO_MANY_REQUESTS', 1);
  assert.ok((refused['retryAfterMs'] as number) > 0);
});

test('latency of answers is sampled, and what passes is counted', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture);
  for (let id = 2; id <= 140; id++) {
    client.send(PLACE_BID, bidOf(id));
    const { conn } = await fixture.shards.next();
    deliver(fixture.gateway.deliveries, (to) => to.reply(conn, encode(ANSWER, answerOf(id))));
    await client.next('answer');
  }
  const { body } = await http(fixture.gateway.internalPort, 'GET', '/metrics');
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec(body['text'] as string)?.[1]);
  assert.equal(value('gavel_answer_latency_seconds_count'), 2);
  assert.equal(value('gavel_frames_received_total'), 140);
  assert.equal(value('gavel_frames_sent_total'), 140);
  assert.ok(value('gavel_received_bytes_total') > 139 * 40);
  assert.equal(value('gavel_connections\\{protocol="msgpack"\\}'), 1);
});

test('heard is taken without an answer', async (t) => {
  const { gateway } = await start(t);
  const client = await Client.connect(gateway.port);
  client.send(HEARD, { serverTimeMs: 1 });
  client.send(PING, { id: 1, clientTimeMs: null });
  await client.next('pong');
  assert.equal(client.received.length, 0);
});

test('the private feed reaches every connection of the user that wants it, and no other', async (t) => {
  const fixture = await start(t);
  const [one, two] = [await Client.signedIn(fixture), await Client.signedIn(fixture)];
  const without = await Client.signedIn(fixture, 'ann', { feed: false });
  const other = await Client.signedIn(fixture, 'bob');
  const outbid = encode(OUTBID, {
    auctionId: AUCTION_A,
    epoch: 1,
    seq: 3,
    yourBidCents: 500,
    currentPriceCents: 550,
    minimumNextCents: 600,
    endsAtMs: 4_000_000_000_000,
    noticeSeq: null,
  });
  const { user = 0 } = fixture.shards.introduced.find(({ userId }) => userId === 'ann') ?? {};
  deliver(fixture.gateway.deliveries, (to) => to.notify(user, 0, outbid));
  await one.next('outbid');
  await two.next('outbid');
  for (const client of [without, other]) {
    client.send(PING, { id: 9, clientTimeMs: null });
    await client.next('pong');
  }
});

test('replies of one run leave in order and in one piece; a reply to nobody is dropped', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture);
  const gone = await Client.signedIn(fixture, 'bob');
  gone.send(PLACE_BID, bidOf(1));
  const lost = await fixture.shards.next();
  gone.socket.close();
  await gone.closed;
  for (let id = 2; id <= 40; id++) client.send(PLACE_BID, bidOf(id));
  const conns: number[] = [];
  for (let id = 2; id <= 40; id++) conns.push((await fixture.shards.next()).conn);
  deliver(fixture.gateway.deliveries, (to) => {
    to.reply(lost.conn, encode(ANSWER, answerOf(1)));
    conns.forEach((conn, i) => to.reply(conn, encode(ANSWER, answerOf(i + 2))));
  });
  for (let id = 2; id <= 40; id++) assert.equal((await client.next('answer'))['id'], id);
});
