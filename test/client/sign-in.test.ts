/** Signing in: tokens that are refused, expire, cannot be got, and are replaced in time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../src/client/errors.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { REFUSED } from '../../src/protocol/messages/refused.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import type { RefusalName } from '../../src/protocol/refusals.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { FakeServer } from './fake-server.ts';
import { fixture, opened, outcome } from './fixture.ts';

function refusesHello(name: RefusalName): (server: FakeServer) => void {
  const { code } = REFUSALS[name];
  return (server) => {
    server.on(HELLO, (socket, { id }) => {
      socket.say(REFUSED, { id, code, retryAfterMs: null, field: null, reason: null });
    });
  };
}

test('without a token it is ready without a hello, to watch', async () => {
  const timers = await opened({}, () => {});
  assert.equal(timers.server.all(HELLO).length, 1);
  const { token: _, ...anonymous } = { token: undefined };
  const { gavel, server } = await opened({ ...anonymous, token: undefined } as never);
  assert.equal(gavel.state, 'open');
  assert.equal(gavel.userId, null);
  assert.equal(server.all(HELLO).length, 0);
});

test('a refused token ends it', async () => {
  const { gavel, server, timers } = fixture({}, refusesHello('TOKEN_INVALID'));
  const ready = outcome(gavel.ready);
  await timers.advance(100);
  assert.ok(ready.error instanceof Refused);
  assert.equal(ready.error.refusal.name, 'TOKEN_INVALID');
  assert.equal(gavel.state, 'closed');
  assert.equal(server.socket.closedByClient, 1000);
});

test('an expired token that cannot change ends it; a function is asked for another', async () => {
  const fixed = fixture({}, refusesHello('TOKEN_EXPIRED'));
  await fixed.timers.advance(100);
  assert.equal(fixed.gavel.state, 'closed');

  let asked = 0;
  const token = async (): Promise<string> => `token-${++asked}`;
  const renewed = fixture({ token }, (server) => {
    server.on(HELLO, (socket, { id, token: said }) => {
      const { code } = REFUSALS.TOKEN_EXPIRED;
      if (said === 'token-2') socket.say(WELCOME, server.welcome(id));
      else socket.say(REFUSED, { id, code, retryAfterMs: null, field: null, reason: null });
    });
  });
  await renewed.timers.advance(5000);
  assert.equal(renewed.gavel.state, 'open');
  assert.equal(asked, 2);
});

test('too many connections: tries again', async () => {
  const { gavel, server, timers } = fixture({}, refusesHello('TOO_MANY_CONNECTIONS'));
  await timers.advance(5000);
  assert.ok(server.sockets.length > 1);
  assert.notEqual(gavel.state, 'closed');
});

test('a token that cannot be got is a failed attempt, and told', async () => {
  let fails = true;
  const token = async (): Promise<string> => {
    if (fails) throw new Error('no sign-in service');
    return 'token';
  };
  const { gavel, timers, faults, changes } = fixture({ token });
  await timers.advance(100);
  assert.equal(gavel.state, 'waiting');
  assert.equal(changes.at(-1)?.reason, 'no sign-in service');
  assert.equal(faults.at(-1)?.message, 'no sign-in service');
  fails = false;
  await timers.advance(5000);
  assert.equal(gavel.state, 'open');
});

test('a token that comes after its attempt was given up opens nothing', async () => {
  const waiting: ((token: string) => void)[] = [];
  const token = (): Promise<string> => new Promise((resolve) => waiting.push(resolve));
  const { gavel, server, timers } = fixture({ token, connectTimeoutMs: 1000 });
  await timers.advance(3000);
  assert.ok(waiting.length >= 2);
  for (const resolve of waiting) resolve('token');
  await timers.advance(100);
  assert.equal(gavel.state, 'open');
  assert.equal(server.sockets.length, 1);
});

test('says hello again with a new token before the old one ends, on the same connection', async () => {
  let asked = 0;
  const token = (): string => `token-${++asked}`;
  const { gavel, server, timers } = await opened({ token }, (prepared) => {
    prepared.on(HELLO, (socket, { id }) => socket.say(WELCOME, prepared.welcome(id, 600_000)));
  });
  server.tick();
  await timers.advance(1_200_000);
  assert.deepEqual(
    server.all(HELLO).map((hello) => hello.token),
    ['token-1', 'token-2', 'token-3'],
  );
  assert.equal(server.sockets.length, 1);
  assert.equal(gavel.state, 'open');
});
