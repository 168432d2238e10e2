/** The private feed over several connections: where the SDK says it stands, and a gap that it tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { RESULT } from '../../src/protocol/messages/result.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { AUCTION_ID, opened } from './fixture.ts';

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
