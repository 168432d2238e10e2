/**
 * Connections that are no good: lines that are dead, requests that never end, too many from one
 * place, ten thousand that come and go. Each is found in its time, and nothing of it is left.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { GATEWAY, OVERLOAD } from '../../src/config/limits.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import type { Message } from '../../src/protocol/message.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { BINARY, RawConnection, RawWebSocket } from '../gateway/raw-socket.ts';
import { Server, UNLIMITED, until } from './harness.ts';
import { list, WireClient } from './wire-client.ts';

const ANONYMOUS = { ...UNLIMITED, GAVEL_SERVER_ALLOW_ANONYMOUS: 'true' };
const limited = { timeout: 120_000 };

function frameOf<T>(message: Message<T>, value: T): Uint8Array {
  const writer = new MsgpackWriter();
  message.write(writer, value);
  return writer.copy();
}

async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.ready.internalUrl}/metrics`)).text();
  const found = text.split('\n').find((line) => line.startsWith(`${name} `));
  return Number(found?.slice(name.length + 1) ?? 0);
}

test(
  'a line that is dead is found: within 35 s as set, shown with shorter settings',
  limited,
  async (t) => {
    // A connection is looked at once a round, and closed a round before its time.
    assert.ok(GATEWAY.idleTimeoutMs <= 35_000);
    assert.ok(GATEWAY.tickMs + 8_000 <= GATEWAY.idleTimeoutMs - OVERLOAD.lookMs, 'time to answer');

    const idleMs = 10_000;
    const env = { ...ANONYMOUS, GAVEL_LIMITS_IDLE_TIMEOUT: `${idleMs}ms`, GAVEL_LIMITS_TICK: '4s' };
    const server = await Server.start({ env });
    t.after(() => server.kill());
    const { auctionId } = await list(server.url, await server.token('seller', ['seller']));
    const subscribe = { id: 1, auctionId: auctionId as string, epoch: null, seq: null };
    // Whoever answers the pings of WebSocket lives.
    const alive = await WireClient.connect(server.url, null);
    await alive.ask(SUBSCRIBE, subscribe);
    const dead = new RawWebSocket(server.port);
    await dead.upgrade();
    dead.sendFrame(BINARY, frameOf(SUBSCRIBE, subscribe));
    await dead.frame();
    const sinceMs = Date.now();
    assert.equal(await dead.closeCode(), CLOSE_CODES.SILENT.code);
    const foundMs = Date.now() - sinceMs;
    t.diagnostic(`found after ${foundMs} ms of ${idleMs}`);
    assert.ok(foundMs > idleMs - 2 * OVERLOAD.lookMs - 100, 'not before its time');
    // The program that reads it may be late itself.
    assert.ok(foundMs < idleMs + 2_000);
    assert.equal(alive.closeCode, null);
    assert.equal(await metric(server, 'gavel_connections_closed_total{code="SILENT"}'), 1);
  },
);

test(
  'slowloris: requests that never end are ended, and nobody waits for them',
  limited,
  async (t) => {
    const server = await Server.start({ env: ANONYMOUS });
    t.after(() => server.kill());
    const seller = await server.token('seller', ['seller']);
    const { auctionId } = await list(server.url, seller);
    const startMs = Date.now();
    const endings: Promise<{ ms: number; status: number | undefined }>[] = [];
    const trickle = (head: string, drops: string): void => {
      const connection = new RawConnection(server.port);
      connection.write(head);
      let at = 0;
      const timer = setInterval(() => {
        if (!connection.ended) connection.write(drops[at++ % drops.length] as string);
      }, 500);
      endings.push(
        (async () => {
          const response = await connection.response();
          await connection.closed();
          clearInterval(timer);
          return { ms: Date.now() - startMs, status: response?.status };
        })(),
      );
    };
    for (let i = 0; i < 50; i++) trickle('GET /v1/time HTTP/1.1\r\nhost: x\r\nx-slow: ', 'slow');
    for (let i = 0; i < 50; i++) {
      trickle(
        `POST /v1/auctions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${seller}\r\n` +
          'content-type: application/json\r\ncontent-length: 60000\r\n\r\n{"title": "',
        'slow',
      );
    }
    const goesOn = new AbortController();
    const ended = Promise.all(endings).finally(() => goesOn.abort());
    let slowestMs = 0;
    while (!goesOn.signal.aborted) {
      const askedMs = performance.now();
      const answer = await fetch(`${server.url}/v1/auctions/${auctionId as string}`);
      assert.equal(answer.status, 200);
      slowestMs = Math.max(slowestMs, performance.now() - askedMs);
      await Promise.race([sleep(100), ended]);
    }
    const all = await ended;
    const lastMs = Math.max(...all.map(({ ms }) => ms));
    t.diagnostic(`the last one ended after ${lastMs} ms; others waited ${slowestMs.toFixed(0)} ms`);
    assert.ok(lastMs < 30_000);
    assert.ok(slowestMs < 2_000);
    assert.deepEqual(
      all.slice(50).map(({ status }) => status),
      Array.from({ length: 50 }, () => 408),
      'a body that is late is answered',
    );
  },
);

const TO_WARM_UP = 3_000;
const CONNECTS = 10_000;
const AT_ONCE = 40;
const GROWTH_BYTES_MAX = 40 * 1024 * 1024;

test('10,000 connects and disconnects leave nothing behind', limited, async (t) => {
  const server = await Server.start({ env: ANONYMOUS });
  t.after(() => server.kill());
  const { auctionId } = await list(server.url, await server.token('seller', ['seller']));
  const token = await server.token('ann');
  const subscribe = { id: 1, auctionId: auctionId as string, epoch: null, seq: null };
  const hello = frameOf(HELLO, { id: 2, token, client: null, feed: true, after: null });
  const visit = async (number: number): Promise<void> => {
    const socket = new RawWebSocket(server.port);
    assert.equal((await socket.upgrade())?.status, 101);
    // Some watch, some sign in as well; half of them go without a word.
    if (number % 4 < 2) socket.sendFrame(BINARY, frameOf(SUBSCRIBE, subscribe));
    if (number % 4 < 2) await socket.frame();
    if (number % 8 === 0) socket.sendFrame(BINARY, hello);
    if (number % 2 === 0) socket.sendFrame(8, Buffer.from([0x03, 0xe8]));
    if (number % 2 === 0) await socket.closed();
    socket.close();
  };
  let left = 0;
  const visits = async (count: number): Promise<void> => {
    left = count;
    const next = async (): Promise<void> => {
      while (left > 0) await visit(left--);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    await until('all have gone', async () => {
      const open = await metric(server, 'gavel_connections{protocol="msgpack"}');
      return open === 0 ? true : undefined;
    });
  };
  await visits(TO_WARM_UP);
  const before = residentBytes(server);
  await visits(CONNECTS);
  const grown = residentBytes(server) - before;
  t.diagnostic(`memory grew by ${(grown / 1024 / 1024).toFixed(1)} MB`);
  assert.ok(grown < GROWTH_BYTES_MAX, `memory grew by ${grown} bytes`);
  for (const what of ['signed_in_connections', 'subscriptions', 'watchers_of_one_auction_max']) {
    assert.equal(await metric(server, `gavel_gateway{what="${what}"}`), 0, what);
  }
  assert.ok((await metric(server, 'gavel_gateway{what="http_sockets"}')) < 10);
});

test('limits: of an address, a user, a connection, and of the process', limited, async (t) => {
  const start = (env: Readonly<Record<string, string>>): Promise<Server> =>
    Server.start({ env: { GAVEL_SERVER_ALLOW_ANONYMOUS: 'true', ...env } });
  const server = await start({
    GAVEL_LIMITS_CONNECTIONS_PER_IP: '4',
    GAVEL_LIMITS_CONNECTIONS_PER_USER: '2',
    GAVEL_LIMITS_SUBSCRIPTIONS_PER_CONNECTION: '2',
  });
  t.after(() => server.kill());
  const upgraded = async (of: Server): Promise<number | undefined> => {
    const response = await new RawWebSocket(of.port).upgrade();
    if (response?.status === 429) assert.equal(response.headers.get('retry-after'), '5');
    return response?.status;
  };
  const ann = await server.token('ann');
  const first = await WireClient.connect(server.url, ann);
  await WireClient.connect(server.url, ann);
  const third = await WireClient.connect(server.url, null);
  const refused = await third.ask(HELLO, {
    id: 1,
    token: ann,
    client: null,
    feed: null,
    after: null,
  });
  assert.equal(refused.fields['code'], 2004);
  assert.equal(await third.closed, CLOSE_CODES.TOO_MANY_CONNECTIONS.code);

  const seller = await server.token('seller', ['seller']);
  for (let id = 2; id <= 4; id++) {
    const { auctionId } = await list(server.url, seller);
    const value = { id, auctionId: auctionId as string, epoch: null, seq: null };
    const { name, fields } = await first.ask(SUBSCRIBE, value);
    assert.deepEqual([name, fields['code']], id < 4 ? ['snapshot', undefined] : ['refused', 2005]);
  }

  await WireClient.connect(server.url, null);
  await WireClient.connect(server.url, null);
  assert.equal(await upgraded(server), 429, 'two of ann and two of nobody');
  first.close();
  await until('there is room again', async () =>
    (await upgraded(server)) === 101 ? true : undefined,
  );
  const small = await start({
    GAVEL_LIMITS_CONNECTIONS: '1',
    GAVEL_LIMITS_CONNECTIONS_PER_IP: '1',
  });
  t.after(() => small.kill());
  assert.equal(await upgraded(small), 101);
  assert.equal(await upgraded(small), 429);
  assert.equal(await metric(small, 'gavel_refusals_total{name="TOO_MANY_CONNECTIONS"}'), 1);
});

/** Memory of the process that is really there. */
function residentBytes(server: Server): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
