/** The private feed over several connections: where the SDK says it stands, and a gap that it tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnknownOutcome } from '../../src/client/errors.ts';
import type { OwnAnswerEvent } from '../../src/client/own-answers.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import type { OwnAnswer } from '../../src/protocol/messages/own-answer.ts';
import { OWN_ANSWER } from '../../src/protocol/messages/own-answer.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RESULT } from '../../src/protocol/messages/result.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { answer, AUCTION_ID, opened, outcome } from './fixture.ts';

const result = {
  auctionId: AUCTION_ID,
  epoch: 1,
  seq: 9,
  outcome: 'won',
  currentPriceCents: 150,
  winnerId: null,
} as const;

test('a new connection asks for what came after the last notice, and tells of a gap', async () => {
  let newest = { epoch: 7, seq: 5 };
  const { gavel, server, timers } = await opened({}, (prepared) => {
    prepared.on(HELLO, (socket, { id, after }) => {
      const recovered = after === null ? null : after.epoch === newest.epoch;
      const position = recovered === true ? after : newest;
      socket.say(WELCOME, { ...prepared.welcome(id), position, recovered });
    });
  });
  let gaps = 0;
  gavel.on('feed_gap', () => (gaps += 1));
  const seen: (number | null)[] = [];
  gavel.on('result', ({ noticeSeq }) => seen.push(noticeSeq));
  server.socket.say(RESULT, { ...result, noticeSeq: 6 });
  server.socket.say(RESULT, { ...result, noticeSeq: 7 });
  await timers.advance(10);
  const reconnected = async (): Promise<void> => {
    server.socket.cut();
    await timers.advance(5_000);
    assert.equal(gavel.state, 'open');
  };
  await reconnected();
  assert.equal(gaps, 0);
  newest = { epoch: 8, seq: 1 };
  await reconnected();
  assert.equal(gaps, 1, 'the server was started anew');
  await reconnected();
  assert.equal(gaps, 1);
  assert.deepEqual(seen, [6, 7]);
  assert.deepEqual(
    server.all(HELLO).map(({ after }) => after),
    [null, { epoch: 7, seq: 7 }, { epoch: 7, seq: 7 }, { epoch: 8, seq: 1 }],
  );
});

test('a hello that only prolongs the sign-in asks for nothing, and a client without feed never', async () => {
  let asked = 0;
  const token = (): string => `token-${++asked}`;
  const position = { epoch: 7, seq: 5 };
  const { server, timers } = await opened({ token }, (prepared) => {
    prepared.on(HELLO, (socket, { id }) =>
      socket.say(WELCOME, { ...prepared.welcome(id, 600_000), position }),
    );
  });
  server.tick();
  await timers.advance(600_000);
  assert.deepEqual(
    server.all(HELLO).map(({ after }) => after),
    [null, null],
  );
  const without = await opened({ feed: false });
  without.server.socket.cut();
  await without.timers.advance(5_000);
  assert.deepEqual(
    without.server.all(HELLO).map(({ after }) => after),
    [null, null],
  );
});

function ownAnswer(nonce: string | null, values: Partial<OwnAnswer> = {}): OwnAnswer {
  const { code, record, serverTimeMs, ...standing } = answer();
  return {
    auctionId: AUCTION_ID,
    command: nonce === null ? 'create_auction' : 'place_bid',
    nonce,
    amountCents: 1_200,
    code,
    record,
    serverTimeMs,
    standing,
    retryAfterMs: null,
    field: null,
    reason: null,
    noticeSeq: 6,
    ...values,
  };
}

test('own answers: of other devices they are told, of own commands never twice', async () => {
  const { gavel, server, timers } = await opened({}, (prepared) => {
    prepared.on(PLACE_BID, (socket, { id, nonce }) => {
      // Over HTTP the copy may be here before the answer.
      socket.say(OWN_ANSWER, ownAnswer(nonce));
      socket.say(ANSWER, answer({ id }));
      socket.say(OWN_ANSWER, ownAnswer(nonce));
    });
  });
  const told: OwnAnswerEvent[] = [];
  gavel.on('own_answer', (event) => told.push(event));
  const bid = outcome(gavel.bid(AUCTION_ID, 1_200));
  await timers.advance(10);
  assert.equal(bid.value?.accepted, true);
  server.socket.say(OWN_ANSWER, ownAnswer(bid.value?.nonce ?? ''));
  await timers.advance(10);
  assert.equal(told.length, 0);
  const refused = { code: REFUSALS.BID_TOO_LOW.code, noticeSeq: 7 };
  server.socket.say(OWN_ANSWER, ownAnswer('nonce-of-a-phone', refused));
  server.socket.say(OWN_ANSWER, ownAnswer(null, { standing: null, amountCents: null }));
  await timers.advance(10);
  assert.deepEqual(
    told.map((one) => [one.command, one.nonce, one.accepted, one.refusal?.name]),
    [
      ['place_bid', 'nonce-of-a-phone', false, 'BID_TOO_LOW'],
      ['create_auction', null, true, undefined],
    ],
  );
  const { status, currentPriceCents } = told[0]?.standing ?? {};
  assert.deepEqual([status, currentPriceCents], ['leading', 1_000]);
});

test('own answers: what was given up is told when it becomes known, before or after', async () => {
  const { gavel, server, timers } = await opened({}, (prepared) => {
    // The answers are lost.
    prepared.on(PLACE_BID, () => {});
  });
  const told: (string | null)[] = [];
  gavel.on('own_answer', ({ nonce }) => told.push(nonce));
  const [early, late] = ['nonce-heard-early', 'nonce-heard-late'];
  const bids = [early, late].map((nonce) =>
    outcome(gavel.bid(AUCTION_ID, 1_200, { nonce, timeoutMs: 2_000 })),
  );
  await timers.advance(10);
  server.socket.say(OWN_ANSWER, ownAnswer(early));
  await timers.advance(1_000);
  assert.deepEqual(told, [], 'the answer may still come');
  await timers.advance(2_000);
  assert.ok(bids.every(({ error }) => error instanceof UnknownOutcome));
  assert.deepEqual(told, [early]);
  server.socket.say(OWN_ANSWER, ownAnswer(late));
  await timers.advance(10);
  assert.deepEqual(told, [early, late]);
});
