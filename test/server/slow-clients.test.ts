/**
 * Some clients never read, some read a kilobyte a second. The others notice nothing of it; the slow
 * ones are told why they are closed, and find their way back from where they were.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { CLOSE, frameBytes, RawWebSocket, TEXT } from '../gateway/raw-socket.ts';
import { Server, UNLIMITED, until } from './harness.ts';
import type { Fields } from './wire-client.ts';
import { list, WireClient } from './wire-client.ts';

const WATCHERS = 40;
/** Of each of the two kinds. */
const SLOW_TENTHS = 1;
/** Asked for and not read: more than the kernel holds for a connection (about 4 MB). */
const GETS = 600;
const DESCRIPTION_CHARS = 30_000;
const GET_EVERY_MS = 10;
const SLOW_BYTES = 256;
const SLOW_EVERY_MS = 250;
const HONEST_P99_MS_MAX = 1_000;
const GROWTH_BYTES_MAX = 200 * 1024 * 1024;
const limited = { timeout: 180_000 };

/** Reads 256 bytes four times a second; the kernel and the server keep the rest. */
function readSlowly(port: number): Socket {
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    onread: { buffer: Buffer.alloc(SLOW_BYTES), callback: () => false },
  });
  const timer = setInterval(() => socket.resume(), SLOW_EVERY_MS);
  socket.on('close', () => clearInterval(timer));
  socket.on('error', () => clearInterval(timer));
  return socket;
}

function text(message: object): Buffer {
  return frameBytes(TEXT, Buffer.from(JSON.stringify(message)));
}

/** Asks for far more than it takes, until the server has had enough. */
async function flood(socket: Socket, auctionId: string): Promise<void> {
  for (let id = 2; id < GETS && socket.writable; id++) {
    socket.write(text({ type: 'get', id, auctionId }));
    await sleep(GET_EVERY_MS);
  }
}

const UPGRADE =
  'GET /v1/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
  'sec-websocket-protocol: gavel.v1.json\r\n\r\n';

/** A bidder who bids without a pause; how long each answer took. */
async function bidOn(server: Server, auctionId: string, goesOn: () => boolean): Promise<number[]> {
  const ann = await WireClient.connect(server.url, await server.token('ann'));
  const waitsMs: number[] = [];
  for (let id = 1; goesOn(); id++) {
    const startMs = performance.now();
    const bid = { id, auctionId, nonce: `nonce-${id}-of-ann`, amountCents: 1_000 + id * 500 };
    const open = { currency: null, confirm: null, dryRun: null };
    let answer = await ann.ask(PLACE_BID, { ...bid, ...open });
    // Refused early is sent again: that is part of how long it takes.
    while (answer.name === 'refused') {
      assert.equal(answer.fields['code'], REFUSALS.OVERLOADED.code, answer.raw);
      await sleep(answer.fields['retryAfterMs'] as number);
      answer = await ann.ask(PLACE_BID, { ...bid, ...open });
    }
    assert.equal(answer.fields['code'], 0, answer.raw);
    waitsMs.push(performance.now() - startMs);
    await sleep(2);
  }
  ann.close();
  return waitsMs.toSorted((a, b) => a - b);
}

/** Every update follows on from what was there before it; returns the position after the last. */
function positionOf(watcher: WireClient, snapshot: Fields): number {
  let { seq: position } = snapshot['auction'] as { seq: number };
  for (const { name, fields } of watcher.pushed) {
    if (name !== 'bid_update') continue;
    const { seq, fromSeq = seq } = fields as { seq: number; fromSeq?: number };
    assert.ok(fromSeq <= position + 1, `${fromSeq} after ${position}: a gap`);
    position = Math.max(position, seq);
  }
  return position;
}

async function slowCloses(server: Server): Promise<number> {
  const metrics = await (await fetch(`${server.ready.internalUrl}/metrics`)).text();
  const count = /^gavel_connections_closed_total\{code="SLOW_CONSUMER"\} (\d+)$/m.exec(
    metrics,
  )?.[1];
  return Number(count ?? 0);
}

function residentBytes(server: Server): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test('10 % never read, 10 % read 1 KB/s: the others stay right and quick', limited, async (t) => {
  const env = { ...UNLIMITED, GAVEL_SERVER_ALLOW_ANONYMOUS: 'true' };
  const server = await Server.start({ env });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller']);
  const { auctionId } = (await list(server.url, seller, {
    description: 'x'.repeat(DESCRIPTION_CHARS),
  })) as { auctionId: string };
  const slowCount = (WATCHERS * SLOW_TENTHS) / 10;
  const subscribe = { id: 1, auctionId, epoch: null, seq: null };
  const watchers = await Promise.all(
    Array.from({ length: WATCHERS - 2 * slowCount }, async () => {
      const client = await WireClient.connect(server.url, null, true);
      const { fields } = await client.ask(SUBSCRIBE, subscribe);
      return { client, snapshot: fields };
    }),
  );

  let bidding = true;
  const honest = bidOn(server, auctionId, () => bidding);
  const before = residentBytes(server);
  const never = await Promise.all(
    Array.from({ length: slowCount }, async () => {
      const raw = new RawWebSocket(server.port);
      await raw.upgrade({ 'sec-websocket-protocol': 'gavel.v1.json' });
      raw.socket.pause();
      return raw;
    }),
  );
  const slow = Array.from({ length: slowCount }, () => readSlowly(server.port));
  for (const socket of slow) socket.write(UPGRADE);
  t.after(() => [...slow, ...never.map(({ socket }) => socket)].forEach((one) => one.destroy()));
  const startMs = Date.now();
  await Promise.all(
    [...slow, ...never.map(({ socket }) => socket)].map(async (socket) => {
      socket.write(text({ type: 'subscribe', ...subscribe }));
      await flood(socket, auctionId);
    }),
  );
  await until(
    'all of them are closed as slow',
    async () => ((await slowCloses(server)) === 2 * slowCount ? true : undefined),
    30_000,
  );
  t.diagnostic(`closed after ${Date.now() - startMs} ms at most`);
  const grown = residentBytes(server) - before;
  bidding = false;
  const waitsMs = await honest;
  const p99 = waitsMs[Math.floor(waitsMs.length * 0.99)] as number;
  t.diagnostic(`${waitsMs.length} honest bids, p99 ${p99.toFixed(1)} ms`);
  t.diagnostic(`memory grew by ${(grown / 1024 / 1024).toFixed(1)} MB`);
  assert.ok(p99 < HONEST_P99_MS_MAX, `the honest bidder waited ${p99} ms`);
  assert.ok(grown < GROWTH_BYTES_MAX, `memory grew by ${grown} bytes`);

  // The others have all of it, in order.
  const [first] = watchers;
  assert.ok(first !== undefined);
  const newest = await first.client.ask(SUBSCRIBE, { ...subscribe, id: 2 });
  const { seq: last } = newest.fields['auction'] as { seq: number };
  for (const { client, snapshot } of watchers) {
    await until('the newest state', () => positionOf(client, snapshot) >= last || undefined);
    assert.equal(positionOf(client, snapshot), last);
    assert.equal(client.closeCode, null);
  }

  // Whoever reads on learns why, and comes back from where it was.
  for (const raw of never) {
    const { goodbye, code, position } = await readToTheEnd(raw);
    assert.equal(goodbye, CLOSE_CODES.SLOW_CONSUMER.code);
    assert.equal(code, CLOSE_CODES.SLOW_CONSUMER.code);
    const back = await WireClient.connect(server.url, null, true);
    const { name, fields } = await back.ask(SUBSCRIBE, { ...subscribe, ...position });
    if (name === 'resumed') {
      assert.equal(fields['seq'], last);
      await until('what was missed', () =>
        back.pushed.some((push) => push.fields['seq'] === last) ? true : undefined,
      );
    } else {
      assert.equal(fields['recovered'], false, 'else the whole state, and it is said to be so');
      assert.equal((fields['auction'] as { seq: number }).seq, last);
    }
    back.close();
  }
  assert.equal(await server.stop(), 0, server.log);
});

/** What a client finds that had stopped reading: goodbye, close code, and where it stands. */
async function readToTheEnd(raw: RawWebSocket): Promise<{
  readonly goodbye: unknown;
  readonly code: number;
  readonly position: { readonly epoch: number; readonly seq: number };
}> {
  raw.socket.resume();
  let goodbye: unknown;
  let position = { epoch: 0, seq: 0 };
  for (;;) {
    const frame = await raw.frame();
    assert.ok(frame !== undefined, 'it ends with a close frame');
    if (frame.opcode === CLOSE) return { goodbye, code: frame.payload.readUInt16BE(0), position };
    const message = JSON.parse(frame.payload.toString('utf8')) as Record<string, unknown>;
    if (message['type'] === 'goodbye') goodbye = message['code'];
    if (message['type'] === 'snapshot') {
      position = message['auction'] as { epoch: number; seq: number };
      position = { epoch: position.epoch, seq: position.seq };
    }
    if (message['type'] === 'bid_update') position.seq = message['seq'] as number;
  }
}
