/** Which transport is taken after which: down when one does not work, up again when it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ladder } from '../../src/client/ladder.ts';
import type { Transport } from '../../src/client/options.ts';
import type { WebSocketLike } from '../../src/client/web-socket.ts';
import { FakeTimers } from './fake-timers.ts';

const BROKEN = 1006;
const TRY_UP_MS = 30_000;

/** A WebSocket of which a test says what happens to it. */
class Puppet implements WebSocketLike {
  binaryType = '';
  readyState = 0;
  isClosed = false;
  readonly #listeners = new Map<string, ((event: never) => void)[]>();
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }
  send(): void {
    throw new Error('nothing is sent here');
  }
  close(): void {
    this.isClosed = true;
  }
  happens(type: 'open' | 'close' | 'error', event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

interface Fixture {
  readonly timers: FakeTimers;
  readonly ladder: Ladder;
  readonly puppets: Puppet[];
  /** Whether requests are answered. */
  readonly http: { works: boolean };
  moves(): number;
}

function fixture(transports: readonly Transport[] = ['websocket', 'events', 'polling']): Fixture {
  const timers = new FakeTimers();
  const puppets: Puppet[] = [];
  const http = { works: true };
  let moves = 0;
  const settings = {
    transports,
    timers,
    base: 'http://gavel.test',
    open: () => {
      const puppet = new Puppet();
      puppets.push(puppet);
      return puppet;
    },
    fetch: () =>
      http.works
        ? Promise.resolve(Response.json({ serverTimeMs: 1 }))
        : Promise.reject(new Error('no route')),
  };
  const ladder = new Ladder(settings, () => (moves += 1));
  return { timers, ladder, puppets, http, moves: () => moves };
}

/** A line over HTTP, once it has opened or has failed to. */
async function lineOverHttp({ ladder }: Fixture): Promise<WebSocketLike> {
  const socket = ladder.open('ws://gavel.test', 'p');
  await new Promise<void>((resolve) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('close', () => resolve());
  });
  return socket;
}

function badWebSocket({ ladder, puppets }: Fixture, type: 'close' | 'error' = 'close'): void {
  ladder.open('ws://gavel.test', 'p');
  puppets.at(-1)?.happens(type, { code: BROKEN, reason: '' });
}

test('two bad WebSockets lead to events, one does not, and neither does one that lived', async () => {
  const one = fixture();
  badWebSocket(one, 'error');
  assert.equal(one.ladder.transport, 'websocket');
  one.ladder.open('ws://gavel.test', 'p');
  one.puppets.at(-1)?.happens('open');
  await one.timers.advance(60_000);
  one.puppets.at(-1)?.happens('close', { code: BROKEN, reason: '' });
  badWebSocket(one);
  assert.equal(one.ladder.transport, 'websocket');
  badWebSocket(one);
  assert.equal(one.ladder.transport, 'events');
  // The server sent it away: that says nothing of the way.
  const other = fixture();
  for (let i = 0; i < 5; i++) {
    other.ladder.open('ws://gavel.test', 'p');
    other.puppets.at(-1)?.happens('open');
    other.puppets.at(-1)?.happens('close', { code: 3001, reason: '' });
  }
  assert.equal(other.ladder.transport, 'websocket');
});

test('events that are cut at once lead to polling, and the last transport stays', async () => {
  const made = fixture();
  for (let i = 0; i < 2; i++) badWebSocket(made);
  for (const transport of ['events', 'events', 'polling', 'polling', 'polling'] as const) {
    assert.equal(made.ladder.transport, transport);
    (await lineOverHttp(made)).close();
  }
});

test('where HTTP does not work either, the best is tried again', async () => {
  const made = fixture();
  for (let i = 0; i < 2; i++) badWebSocket(made);
  made.http.works = false;
  await lineOverHttp(made);
  assert.equal(made.ladder.transport, 'websocket');
});

test('a WebSocket is tried beside the line, ever more rarely, and taken when it opens', async () => {
  const made = fixture();
  const { timers, ladder, puppets } = made;
  for (let i = 0; i < 2; i++) badWebSocket(made);
  await lineOverHttp(made);
  for (const waitMs of [TRY_UP_MS, TRY_UP_MS * 2, TRY_UP_MS * 4]) {
    const before = puppets.length;
    await timers.advance(waitMs - 1_000);
    assert.equal(puppets.length, before, `${waitMs}`);
    await timers.advance(1_000);
    assert.equal(puppets.length, before + 1, `${waitMs}`);
    puppets.at(-1)?.happens('error');
    assert.deepEqual([ladder.transport, made.moves()], ['events', 0]);
  }
  await timers.advance(TRY_UP_MS * 8);
  puppets.at(-1)?.happens('open');
  assert.equal(puppets.at(-1)?.isClosed, true, 'the trial is over');
  assert.deepEqual([ladder.transport, made.moves()], ['websocket', 1]);
  // It broke at once after all.
  badWebSocket(made);
  assert.equal(ladder.transport, 'events');
  ladder.close();
});

test('who polls and finds no WebSocket tries events, and one bad stream leads back', async () => {
  const made = fixture();
  const { timers, ladder, puppets } = made;
  for (let i = 0; i < 2; i++) badWebSocket(made);
  for (let i = 0; i < 2; i++) (await lineOverHttp(made)).close();
  assert.equal(ladder.transport, 'polling');
  await lineOverHttp(made);
  await timers.advance(TRY_UP_MS);
  puppets.at(-1)?.happens('close', { code: BROKEN, reason: '' });
  assert.deepEqual([ladder.transport, made.moves()], ['events', 1]);
  (await lineOverHttp(made)).close();
  assert.equal(ladder.transport, 'polling');
  ladder.close();
});

test('only the transports that are allowed are taken', async () => {
  const only = fixture(['websocket']);
  for (let i = 0; i < 5; i++) badWebSocket(only);
  assert.equal(only.ladder.transport, 'websocket');
  const polling = fixture(['polling']);
  for (let i = 0; i < 3; i++) (await lineOverHttp(polling)).close();
  assert.equal(polling.ladder.transport, 'polling');
});
