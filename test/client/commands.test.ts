/**
 * Commands: answers, time-outs, the same nonce sent again, and what is said when nobody knows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConnectionClosed,
  InvalidArgument,
  QueueFull,
  Refused,
  TimedOut,
  UnknownOutcome,
} from '../../src/client/errors.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { GET_RECEIPT } from '../../src/protocol/messages/get-receipt.ts';
import { RECEIPT } from '../../src/protocol/messages/receipt.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { REFUSED } from '../../src/protocol/messages/refused.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import type { RefusalName } from '../../src/protocol/refusals.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { FakeSocket } from './fake-server.ts';
import { answer, AUCTION_ID, fixture, opened, outcome, view } from './fixture.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

function refuse(
  socket: FakeSocket,
  id: number,
  name: RefusalName,
  retryAfterMs: number | null = null,
): void {
  socket.say(REFUSED, { id, code: REFUSALS[name].code, retryAfterMs, field: null, reason: null });
}

test('a bid resolves with where it stands, and the nonce that was used', async () => {
  const { gavel, server, timers } = await opened();
  server.on(PLACE_BID, (socket, { id }) =>
    socket.say(ANSWER, answer({ id, currentPriceCents: 1500 })),
  );
  const bid = gavel.bid(AUCTION_ID, 2000, { confirm: true, currency: 'EUR' });
  await timers.advance(10);
  const result = await bid;
  assert.equal(result.accepted, true);
  assert.equal(result.refusal, null);
  assert.equal(result.currentPriceCents, 1500);
  assert.equal(result.status, 'leading');
  const [sent] = server.all(PLACE_BID);
  assert.equal(sent?.nonce, result.nonce);
  assert.match(result.nonce, /^[A-Za-z0-9_-]{16}$/);
  assert.deepEqual(
    { ...sent, id: 0, nonce: '' },
    {
      id: 0,
      auctionId: AUCTION_ID,
      nonce: '',
      amountCents: 2000,
      currency: 'EUR',
      confirm: true,
      dryRun: null,
    },
  );
});

test('a refused bid is a result, not an error', async () => {
  const { gavel, server, timers } = await opened();
  const code = REFUSALS.BID_TOO_LOW.code;
  server.on(PLACE_BID, (socket, { id }) =>
    socket.say(ANSWER, answer({ id, code, status: 'outbid' })),
  );
  const bid = gavel.bid(AUCTION_ID, 1000);
  await timers.advance(10);
  const result = await bid;
  assert.equal(result.accepted, false);
  assert.equal(result.refusal?.name, 'BID_TOO_LOW');
  assert.equal(result.refusal?.retryable, false);
  assert.equal(result.status, 'outbid');
  assert.equal(result.minimumNextCents, 1050);
});

test('a refusal without an auction behind it has no standing', async () => {
  const { gavel, server, timers } = await opened();
  server.on(BUY_NOW, (socket, { id }) => refuse(socket, id, 'AUCTION_UNKNOWN'));
  const bought = gavel.buyNow(AUCTION_ID);
  await timers.advance(10);
  const result = await bought;
  assert.equal(result.refusal?.name, 'AUCTION_UNKNOWN');
  assert.equal(result.status, undefined);
});

test('a refusal number of a later version is shown as a number', async () => {
  const { gavel, server, timers } = await opened();
  server.on(RETRACT, (socket, { id }) => socket.say(ANSWER, answer({ id, code: 3999 })));
  const retracted = gavel.retract(AUCTION_ID);
  await timers.advance(10);
  const { refusal } = await retracted;
  assert.equal(refusal?.code, 3999);
  assert.equal(refusal?.name, 'CODE_3999');
});

test('answers find their commands in any order', async () => {
  const { gavel, server, timers } = await opened();
  const bids = [gavel.bid(AUCTION_ID, 1), gavel.bid(AUCTION_ID, 2), gavel.bid(AUCTION_ID, 3)];
  await timers.advance(10);
  for (const { id, amountCents } of server.all(PLACE_BID).reverse()) {
    server.socket.say(ANSWER, answer({ id, currentPriceCents: amountCents }));
  }
  await timers.advance(10);
  const results = await Promise.all(bids);
  assert.deepEqual(
    results.map((result) => result.currentPriceCents),
    [1, 2, 3],
  );
  assert.equal(gavel.unanswered, 0);
});

test('a command without an answer is sent again with its nonce, until there is one', async () => {
  const { gavel, server, timers } = await opened({ attemptTimeoutMs: 1000 });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000));
  await timers.advance(2500);
  const copies = server.all(PLACE_BID);
  assert.equal(copies.length, 3);
  assert.deepEqual(copies[1], copies[0]);
  assert.deepEqual(copies[2], copies[0]);
  assert.deepEqual(bid, {});
  server.socket.say(ANSWER, answer({ id: copies[0]?.id ?? 0 }));
  await timers.advance(10);
  assert.equal(bid.value?.accepted, true);
  // The answers to the other copies say the same again.
  server.socket.say(ANSWER, answer({ id: copies[0]?.id ?? 0 }));
  await timers.advance(10_000);
  assert.equal(server.all(PLACE_BID).length, 3);
  assert.equal(gavel.unanswered, 0);
});

test('without an answer in time the outcome is unknown, and the error names the nonce', async () => {
  const { gavel, server, timers } = await opened();
  const bid = outcome(gavel.bid(AUCTION_ID, 2000, { timeoutMs: 7000, nonce: 'my-own-nonce' }));
  await timers.advance(6999);
  assert.deepEqual(bid, {});
  await timers.advance(1);
  assert.ok(bid.error instanceof UnknownOutcome);
  assert.equal(bid.error.nonce, 'my-own-nonce');
  assert.equal(bid.error.auctionId, AUCTION_ID);
  assert.equal(server.all(PLACE_BID).length, 2);
});

test('a command that never left is known not to have happened', async () => {
  const { gavel, timers } = fixture({}, (server) => {
    server.refuses = true;
  });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000, { timeoutMs: 5000 }));
  await timers.advance(5000);
  assert.ok(bid.error instanceof TimedOut);
});

test('a rehearsal without an answer has no outcome to be unknown', async () => {
  const { gavel, timers } = await opened();
  const bid = outcome(gavel.bid(AUCTION_ID, 2000, { dryRun: true, timeoutMs: 5000 }));
  await timers.advance(5000);
  assert.ok(bid.error instanceof TimedOut);
});

test('a lost connection sends what is unanswered again, in its order, with its nonces', async () => {
  const { gavel, server, timers } = await opened();
  const bids = [1, 2, 3].map((amount) => outcome(gavel.bid(AUCTION_ID, amount)));
  await timers.advance(10);
  server.socket.cut();
  bids.push(outcome(gavel.bid(AUCTION_ID, 4)));
  server.on(PLACE_BID, (socket, { id }) => socket.say(ANSWER, answer({ id })));
  await timers.advance(2000);
  const sent = server.all(PLACE_BID);
  assert.deepEqual(
    sent.map(({ amountCents }) => amountCents),
    [1, 2, 3, 1, 2, 3, 4],
  );
  assert.deepEqual(sent.slice(3, 6), sent.slice(0, 3));
  for (const bid of bids) assert.equal(bid.value?.accepted, true);
});

test('a refusal for overload is tried again after the time it names', async () => {
  const { gavel, server, timers } = await opened();
  let refusals = 0;
  server.on(PLACE_BID, (socket, { id }) => {
    refusals += 1;
    if (refusals <= 2) refuse(socket, id, 'OVERLOADED', 500);
    else socket.say(ANSWER, answer({ id }));
  });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000));
  await timers.advance(400);
  assert.equal(server.all(PLACE_BID).length, 1);
  await timers.advance(3000);
  assert.equal(server.all(PLACE_BID).length, 3);
  assert.equal(bid.value?.accepted, true);
});

test('a refusal for overload that does not pass is the result', async () => {
  const { gavel, server, timers } = await opened();
  server.on(PLACE_BID, (socket, { id }) => refuse(socket, id, 'SHUTTING_DOWN', 500));
  const bid = outcome(gavel.bid(AUCTION_ID, 2000, { timeoutMs: 3000 }));
  await timers.advance(3100);
  assert.equal(bid.value?.accepted, false);
  assert.equal(bid.value?.refusal?.name, 'SHUTTING_DOWN');
});

test('a command at which the server fails is not sent again', async () => {
  const { gavel, server, timers } = await opened();
  server.on(PLACE_BID, (socket, { id }) => refuse(socket, id, 'COMMAND_FAILED'));
  const bid = outcome(gavel.bid(AUCTION_ID, 2000));
  await timers.advance(30_000);
  assert.equal(bid.value?.refusal?.name, 'COMMAND_FAILED');
  assert.equal(server.all(PLACE_BID).length, 1);
});

test('a refusal of a second copy says nothing about the first', async () => {
  const { gavel, server, timers } = await opened({ attemptTimeoutMs: 1000 });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000, { timeoutMs: 5000 }));
  await timers.advance(500);
  server.on(PLACE_BID, (socket, { id }) => refuse(socket, id, 'TOO_MANY_REQUESTS', 800));
  await timers.advance(4400);
  assert.deepEqual(bid, {}, 'the first copy may still be answered');
  await timers.advance(200);
  assert.ok(bid.error instanceof UnknownOutcome);
});

test('nor does one that cannot pass: the first copy may have been in time', async () => {
  const { gavel, server, timers } = await opened({ attemptTimeoutMs: 1000 });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000));
  await timers.advance(500);
  const [first] = server.all(PLACE_BID);
  server.on(PLACE_BID, (socket, { id }) => refuse(socket, id, 'ROLE_MISSING'));
  await timers.advance(1000);
  assert.deepEqual(bid, {});
  server.socket.say(ANSWER, answer({ id: first?.id ?? 0 }));
  await timers.advance(10);
  assert.equal(bid.value?.accepted, true);
});

test('the auction knows all copies: its refusal of the second one counts', async () => {
  const { gavel, server, timers } = await opened({ attemptTimeoutMs: 1000 });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000, { nonce: 'used-before' }));
  await timers.advance(500);
  server.on(PLACE_BID, (socket, { id }) => refuse(socket, id, 'NONCE_REUSED'));
  await timers.advance(1000);
  assert.equal(bid.value?.refusal?.name, 'NONCE_REUSED');
});

test('a server that does not know the outcome itself is asked again', async () => {
  const { gavel, server, timers } = await opened();
  let copies = 0;
  server.on(PLACE_BID, (socket, { id }) => {
    copies += 1;
    if (copies === 1) refuse(socket, id, 'UNKNOWN_OUTCOME', 100);
    else socket.say(ANSWER, answer({ id }));
  });
  const bid = outcome(gavel.bid(AUCTION_ID, 2000));
  await timers.advance(1000);
  assert.equal(copies, 2);
  assert.equal(bid.value?.accepted, true);
});

test('what is unanswered when the client closes is unknown; what never left is not', async () => {
  const { gavel, server, timers } = await opened();
  const sent = outcome(gavel.bid(AUCTION_ID, 2000));
  await timers.advance(10);
  server.socket.cut();
  const unsent = outcome(gavel.bid(AUCTION_ID, 3000));
  gavel.close();
  await timers.advance(10);
  assert.ok(sent.error instanceof UnknownOutcome);
  assert.ok(unsent.error instanceof ConnectionClosed);
  await assert.rejects(gavel.bid(AUCTION_ID, 4000), ConnectionClosed);
  assert.equal(timers.count, 0);
});

test('the queue is bounded, and full means an early error', async () => {
  const { gavel, timers } = await opened({ unansweredMax: 2 });
  const first = [outcome(gavel.bid(AUCTION_ID, 1)), outcome(gavel.bid(AUCTION_ID, 2))];
  await assert.rejects(gavel.bid(AUCTION_ID, 3), QueueFull);
  await timers.advance(10);
  assert.deepEqual(first, [{}, {}]);
});

test('values that no server would take are not sent', async () => {
  const { gavel, server, timers } = await opened();
  const wrong: [Promise<unknown>, string][] = [
    [gavel.bid(AUCTION_ID, 12.5), 'amountCents'],
    [gavel.bid(AUCTION_ID, -1), 'amountCents'],
    [gavel.bid('short', 100), 'auctionId'],
    [gavel.bid(AUCTION_ID, 100, { nonce: 'short' }), 'nonce'],
    [gavel.bid(AUCTION_ID, 100, { currency: 'euro' }), 'currency'],
    [gavel.bid(AUCTION_ID, 100, { timeoutMs: 0 }), 'timeoutMs'],
  ];
  for (const [promise, field] of wrong) {
    await assert.rejects(
      promise,
      (error) => error instanceof InvalidArgument && error.field === field,
    );
  }
  await timers.advance(10);
  assert.equal(server.all(PLACE_BID).length, 0);
});

test('get gives the auction with its texts, or rejects with the refusal', async () => {
  const { gavel, server, timers } = await opened();
  server.on(GET, (socket, { id, auctionId }) => {
    if (auctionId !== AUCTION_ID) return refuse(socket, id, 'AUCTION_UNKNOWN');
    const text = {
      title: 'A watch',
      description: 'It ticks.',
      category: ['Watches'],
      ...UNSAID_SHOWN,
    };
    socket.say(AUCTION, {
      id,
      auction: view(),
      text,
      leadingBidderId: 'bob',
      winnerId: null,
      relistedAs: null,
    });
  });
  const found = outcome(gavel.get(AUCTION_ID));
  const missing = outcome(gavel.get('z'.repeat(22)));
  await timers.advance(10);
  assert.deepEqual(found.value, {
    ...view(),
    description: 'It ticks.',
    category: ['Watches'],
    ...UNSAID_SHOWN,
    additions: [],
    relistedAs: null,
    leadingBidderId: 'bob',
    winnerId: null,
  });
  assert.ok(missing.error instanceof Refused);
  assert.equal(missing.error.refusal.name, 'AUCTION_UNKNOWN');
});

test('receipt gives the text of the server, and rejects where there is no such record', async () => {
  const { gavel, server, timers } = await opened();
  server.on(GET_RECEIPT, (socket, { id, auctionId, record }) => {
    if (record === 8) return refuse(socket, id, 'RECORD_UNKNOWN');
    socket.say(RECEIPT, { id, receipt: `${auctionId}.${record}.signed` });
  });
  const found = outcome(gavel.receipt(AUCTION_ID, 7));
  const missing = outcome(gavel.receipt(AUCTION_ID, 8));
  await timers.advance(10);
  assert.equal(found.value, `${AUCTION_ID}.7.signed`);
  assert.ok(missing.error instanceof Refused);
  assert.equal(missing.error.refusal.name, 'RECORD_UNKNOWN');
});

test('a question refused for good is not asked again', async () => {
  const { gavel, server, timers } = await opened();
  server.on(GET, (socket, { id }) => refuse(socket, id, 'INTERNAL'));
  const asked = outcome(gavel.get(AUCTION_ID));
  await timers.advance(30_000);
  assert.ok(asked.error instanceof Refused);
  assert.equal(server.all(GET).length, 1);
});

test('every message that waits has a request id of its own', async () => {
  const { gavel, server, timers } = await opened();
  void outcome(gavel.bid(AUCTION_ID, 1));
  void outcome(gavel.get(AUCTION_ID));
  await timers.advance(10);
  const ids = server.heard.map(({ value }) => (value as { id: number }).id);
  assert.equal(new Set(ids).size, ids.length);
});

test('time asks the server', async () => {
  const { gavel, server, timers } = await opened();
  server.latencyMs = 30;
  const asked = outcome(gavel.time());
  await timers.advance(60);
  assert.equal(asked.value?.roundTripMs, 60);
  server.on(PING, () => {});
  const unheard = outcome(gavel.time({ timeoutMs: 5000 }));
  await timers.advance(5000);
  assert.ok(unheard.error instanceof TimedOut);
});
