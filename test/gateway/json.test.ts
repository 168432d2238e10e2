/** JSON sessions say and get the same as MessagePack sessions, in the shapes that JSON has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { BIDS } from '../../src/protocol/messages/bids.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { ENDED } from '../../src/protocol/messages/ended.ts';
import { EXTENDED } from '../../src/protocol/messages/extended.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import type { Message } from '../../src/protocol/message.ts';
import { frameFromJson, jsonFromFrame } from '../../src/protocol/json-codec.ts';
import { MalformedField } from '../../src/protocol/field.ts';
import { UnknownMessage } from '../../src/protocol/frame.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { Client } from './client.ts';
import { deliver, encode } from './fake-shards.ts';
import { AUCTION_A, start } from './fixtures.ts';
import { answerOf, bidOf, refusedFrame, subscriptionTo, updateFrame } from './messages.ts';

const HANDLE = 6;

test('the same commands reach the shard as the same bytes from both kinds of sessions', async (t) => {
  const fixture = await start(t);
  const binary = await Client.signedIn(fixture, 'ann');
  const json = await Client.signedIn(fixture, 'ann', { protocol: JSON_PROTOCOL });
  const named = { auctionId: AUCTION_A, nonce: 'nonce-000001' };
  const commands: [Message<never>, unknown][] = [
    [PLACE_BID as Message<never>, bidOf(2, { currency: 'USD', confirm: true })],
    [PLACE_BID as Message<never>, bidOf(3, { dryRun: true })],
    [BUY_NOW as Message<never>, { id: 4, ...named }],
    [RETRACT as Message<never>, { id: 5, ...named }],
    [GET as Message<never>, { id: 6, auctionId: AUCTION_A }],
    [SUBSCRIBE as Message<never>, { id: 7, auctionId: AUCTION_A, epoch: 3, seq: 9 }],
  ];
  for (const [message, value] of commands) {
    binary.send(message, value as never);
    const fromBinary = await fixture.shards.next();
    json.send(message, value as never);
    const fromJson = await fixture.shards.next();
    assert.deepEqual(fromJson.frame, fromBinary.frame, message.name);
  }
});

test('answers and refusals carry name, message and retryable beside the code', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture, 'ann', { protocol: JSON_PROTOCOL });
  client.send(PLACE_BID, bidOf(2));
  const { conn } = await fixture.shards.next();
  const tooLow = answerOf(3, { code: REFUSALS.BID_TOO_LOW.code, status: 'outbid' });
  deliver(fixture.gateway.deliveries, (to) => {
    to.reply(conn, encode(ANSWER, answerOf(2)));
    to.reply(conn, encode(ANSWER, tooLow));
    to.reply(conn, refusedFrame(4, 'AUCTION_UNKNOWN', { field: 'auctionId' }));
  });
  const { retryAfterMs: _, ...accepted } = answerOf(2);
  assert.deepEqual(await client.next(), { type: 'answer', ...accepted });
  const { code, message, retryable } = REFUSALS.BID_TOO_LOW;
  const { retryAfterMs: _also, ...told } = tooLow;
  const explained = { code, name: 'BID_TOO_LOW', message, retryable };
  assert.deepEqual(await client.next(), { type: 'answer', ...told, ...explained });
  assert.deepEqual(await client.next(), {
    type: 'refused',
    id: 4,
    field: 'auctionId',
    code: REFUSALS.AUCTION_UNKNOWN.code,
    name: 'AUCTION_UNKNOWN',
    message: REFUSALS.AUCTION_UNKNOWN.message,
    retryable: false,
  });
});

test('updates name the auction, the bidder by alias and the remaining time, without handles', async (t) => {
  const fixture = await start(t);
  const { deliveries } = fixture.gateway;
  const client = await Client.connect(fixture.gateway.port, JSON_PROTOCOL);
  const binary = await Client.connect(fixture.gateway.port);
  const endsAtMs = Math.floor(fixture.clock.nowUs() / 1000) + 60_000;
  for (const one of [client, binary]) {
    one.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch: null, seq: null });
    const submitted = await fixture.shards.next();
    const { sub, bytes } = subscriptionTo(submitted, HANDLE, 1, { endsAtMs, leadingBidder: 2 });
    deliver(deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  }
  const snapshot = await client.next('snapshot');
  assert.equal(snapshot['handle'], undefined);
  assert.equal((snapshot['auction'] as Record<string, unknown>)['leadingBidder'], 'b2');
  deliver(deliveries, (to) => {
    to.update(HANDLE, 2, 2, false, updateFrame(HANDLE, 2));
    const extended = { handle: HANDLE, seq: 3, endsAtMs: endsAtMs + 100_000, extension: 1 };
    to.update(HANDLE, 3, 3, true, encode(EXTENDED, extended));
    to.update(HANDLE, 4, 4, false, updateFrame(HANDLE, 4, { leadingBidder: 0 }));
    const ended = { status: 'unsold', reason: 'time', currentPriceCents: 104 } as const;
    const end = { handle: HANDLE, seq: 5, ...ended, bidCount: 4, winner: 0 };
    to.update(HANDLE, 5, 5, true, encode(ENDED, end));
  });
  const { timeRemainingMs, ...update } = await client.next();
  assert.ok((timeRemainingMs as number) > 50_000 && (timeRemainingMs as number) <= 60_000);
  assert.deepEqual(update, {
    type: 'bid_update',
    auctionId: AUCTION_A,
    seq: 2,
    currentPriceCents: 102,
    minimumNextCents: 107,
    bidCount: 2,
    leadingBidder: 'b1',
    reserveMet: true,
  });
  const extended = await client.next('extended');
  assert.ok((extended['timeRemainingMs'] as number) > 150_000);
  const later = await client.next('bid_update');
  assert.ok((later['timeRemainingMs'] as number) > 150_000);
  assert.equal(later['leadingBidder'], null);
  assert.equal((await client.next('ended'))['winner'], null);
  await binary.next('snapshot');
  for (const type of ['bid_update', 'extended', 'bid_update', 'ended']) {
    assert.equal((await binary.next(type))['handle'], HANDLE);
  }
});

test('resuming works in JSON as well', async (t) => {
  const fixture = await start(t);
  const { deliveries } = fixture.gateway;
  const client = await Client.connect(fixture.gateway.port, JSON_PROTOCOL);
  const subscribe = async (seq: number, from: number | null): Promise<void> => {
    const epoch = from === null ? null : 1;
    client.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch, seq: from });
    const submitted = await fixture.shards.next();
    const { sub, bytes } = subscriptionTo(submitted, HANDLE, seq);
    deliver(deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  };
  await subscribe(0, null);
  await client.next('snapshot');
  client.send(UNSUBSCRIBE, { id: 8, auctionId: AUCTION_A });
  await client.next('done');
  deliver(deliveries, (to) => to.update(HANDLE, 1, 1, false, updateFrame(HANDLE, 1)));
  await subscribe(1, 0);
  const resumed = await client.next('resumed');
  assert.deepEqual(
    [resumed['auctionId'], resumed['missed'], resumed['handle']],
    [AUCTION_A, 1, undefined],
  );
  assert.equal((await client.next('bid_update'))['seq'], 1);
});

test('text that is no message is refused with its place, and its id where one can be seen', async (t) => {
  const { gateway } = await start(t, { limits: { malformedFramesMax: 100 } });
  const client = await Client.connect(gateway.port, JSON_PROTOCOL);
  const cases: [text: string, code: number, id: number, field: string | undefined][] = [
    ['{', 1000, 0, undefined],
    ['[1]', 1000, 0, undefined],
    ['null', 1000, 0, undefined],
    ['{"id":3}', 1000, 3, 'type'],
    ['{"type":"bid_update","id":3}', 1001, 3, undefined],
    ['{"type":"nonsense","id":3}', 1001, 3, undefined],
    ['{"type":"ping","id":4,"clientTimeMs":"x"}', 1000, 4, 'clientTimeMs'],
    ['{"type":"ping","id":4,"clientTimeMs":1e999}', 1000, 4, 'clientTimeMs'],
    ['{"type":"ping","id":4,"hurry":true}', 1000, 4, 'hurry'],
    ['{"type":"ping","id":4,"__proto__":{"a":1}}', 1000, 4, '__proto__'],
    [
      `{"type":"ping","id":5,"clientTimeMs":${'['.repeat(50)}${']'.repeat(50)}}`,
      1000,
      5,
      undefined,
    ],
    ['{"type":"get","id":6,"auctionId":"AuctionAAAAAAAAAAAAAA!"}', 1000, 6, 'auctionId'],
    [`{"type":"ping","id":7,"clientTimeMs":1}${' '.repeat(5000)}`, 1002, 7, undefined],
  ];
  for (const [text, code, id, field] of cases) {
    client.socket.send(text);
    const refused = await client.next('refused');
    assert.deepEqual([refused['code'], refused['id'], refused['field']], [code, id, field], text);
  }
  client.send(PING, { id: 8, clientTimeMs: 1 });
  await client.next('pong');
});

test('hello in JSON signs in', async (t) => {
  const fixture = await start(t);
  const client = await Client.connect(fixture.gateway.port, JSON_PROTOCOL);
  const token = await fixture.token('ann');
  client.send(HELLO, { id: 1, token, client: 'test/1', feed: true, after: null });
  assert.equal((await client.next('welcome'))['userId'], 'ann');
});

test('the codec: frames of lists show aliases, and depth is counted outside of strings', () => {
  const context = { auctionIdOf: () => undefined, endsAtMsOf: () => undefined, nowMs: () => 0 };
  const bid = { entry: 0, bidder: 3, priceCents: 5, atMs: 1, retracted: false, record: 2 };
  const whole = { ...bid, retractions: 0, bidderId: null };
  const frame = encode(BIDS, { id: 1, auctionId: AUCTION_A, bids: [whole], next: null });
  const shown = JSON.parse(jsonFromFrame(frame, context)) as { bids: { bidder: string }[] };
  assert.deepEqual(shown.bids, [{ ...bid, bidder: 'b3', retractions: 0 }]);
  const writer = new MsgpackWriter();
  const hello = { type: 'hello', id: 1, token: '[[[[[[{{{{{{\\"', client: 'x' };
  frameFromJson(JSON.stringify(hello), 1, writer);
  assert.throws(() => frameFromJson('{"type":"ping","id":{"a":1}}', 1, writer), MalformedField);
  assert.throws(() => frameFromJson('{"type":"tick"}', 4, writer), UnknownMessage);
});
