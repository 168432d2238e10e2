/**
 * Clients that mean harm, or are broken: unreadable frames, wrong tokens, too much at once, requests
 * that two parsers would read in two ways. The server stays alive, small, and at an honest client's
 * service.
 */
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { MalformedField } from '../../src/protocol/field.ts';
import { decodeFrame, UnknownMessage } from '../../src/protocol/frame.ts';
import { frameFromJson } from '../../src/protocol/json-codec.ts';
import type { Message } from '../../src/protocol/message.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import { BINARY, CLOSE, RawConnection, RawWebSocket, TEXT } from '../gateway/raw-socket.ts';
import type { Below } from './harness.ts';
import { LONG, randomFrom, seedOfRun, Server, tokenFor, UNLIMITED } from './harness.ts';
import { bidsOf, list, rest, WireClient } from './wire-client.ts';

const FRAMES = LONG ? 1_000_000 : 100_000;
const WARM_UP_FRAMES = 20_000;
/** With the last of these a connection is closed; it is read as well, one more would not be. */
const FRAMES_A_CONNECTION = GATEWAY_LIMITS.malformedFramesMax + 1;
const CONNECTIONS_AT_ONCE = 8;
const GROWTH_BYTES_MAX = 50 * 1024 * 1024;
const HONEST_MS_MAX = 2_000;

function frameOf<T>(message: Message<T>, value: T): Uint8Array {
  const writer = new MsgpackWriter();
  message.write(writer, value);
  return writer.copy();
}

/** A valid frame or text with some of its bytes changed, cut out or put in; or any bytes at all. */
function mutated(valid: readonly Uint8Array[], below: Below): Uint8Array {
  if (below(5) === 0) return Uint8Array.from({ length: below(200) }, () => below(256));
  const bytes = [...(valid[below(valid.length)] as Uint8Array)];
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(bytes.length);
    const kind = below(4);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes.splice(at, 1 + below(8));
    else if (kind === 2) bytes.splice(at, 0, ...Array.from({ length: 1 + below(8) }, () => 0xdd));
    else bytes.length = at;
  }
  return Uint8Array.from(bytes);
}

/** Its message; null: nobody can read it. */
function readable(bytes: Uint8Array, json: boolean): Message<unknown> | null {
  try {
    if (!json) return decodeFrame(bytes).message;
    const writer = new MsgpackWriter();
    frameFromJson(Buffer.from(bytes).toString('utf8'), GATEWAY_LIMITS.jsonDepthMax, writer);
    return decodeFrame(writer.view()).message;
  } catch (error) {
    if (error instanceof MalformedField || error instanceof UnknownMessage) return null;
    throw error;
  }
}

interface Attack {
  readonly json: boolean;
  readonly signsIn: boolean;
  /** Unreadable ones, and between them what came out readable, but strange. */
  readonly frames: readonly Uint8Array[];
  readonly malformed: number;
  readonly strange: number;
  /** The WebSocket layer itself: other opcodes, pieces that never end, text that is none. */
  readonly parting: {
    readonly opcode: number;
    readonly bytes: Uint8Array;
    readonly isWhole: boolean;
  } | null;
}

/** What one connection sends; all of it but the parting shot is read by the gateway. */
function planAttack(
  valid: Readonly<Record<'frames' | 'texts', readonly Uint8Array[]>>,
  malformedMax: number,
  below: Below,
): Attack {
  const json = below(5) === 0;
  const frames: Uint8Array[] = [];
  let [malformed, strange] = [0, 0];
  let parting: Attack['parting'] = null;
  while (frames.length < FRAMES_A_CONNECTION && malformed < malformedMax) {
    const bytes = mutated(json ? valid.texts : valid.frames, below);
    // The WebSocket layer closes at once for such a text; the gateway would not see it.
    if (json && !isUtf8(bytes)) {
      parting = { opcode: TEXT, bytes, isWhole: true };
      continue;
    }
    const message = readable(bytes, json);
    // Another token would close the connection while frames behind it are on their way.
    if (message?.number === HELLO.number) continue;
    if (message === null) malformed += 1;
    else strange += 1;
    frames.push(bytes);
  }
  if (below(8) === 0) {
    const opcode = below(16);
    // A whole text or binary frame would be one more for the gateway.
    const isWhole = opcode !== TEXT && opcode !== BINARY && below(2) === 0;
    parting = { opcode, bytes: frames[0] as Uint8Array, isWhole };
  }
  return { json, signsIn: below(2) === 0, frames, malformed, strange, parting };
}

test(`${FRAMES} malformed frames leave the server alive, small and answering`, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const server = await Server.start({
    env: { ...UNLIMITED, GAVEL_LIMITS_CONNECTIONS_PER_USER: '50' },
  });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const hostile = await server.token('hostile');
  const auctionId = (await list(server.url, seller))['auctionId'] as string;
  const other = (await list(server.url, seller))['auctionId'] as string;

  const bid = { id: 2, auctionId: other, nonce: 'nonce-000001', amountCents: 2_000 };
  const frames = [
    frameOf(PLACE_BID, { ...bid, currency: 'USD', confirm: true, dryRun: true }),
    frameOf(PLACE_BID, { ...bid, currency: null, confirm: null, dryRun: null }),
    frameOf(BUY_NOW, { id: 3, auctionId: other, nonce: 'nonce-000002' }),
    frameOf(GET, { id: 300, auctionId: other }),
    frameOf(SUBSCRIBE, { id: 5, auctionId: other, epoch: 1, seq: 2 }),
    frameOf(UNSUBSCRIBE, { id: 6, auctionId: other }),
    frameOf(PING, { id: 7, clientTimeMs: 1_700_000_000_000 }),
    frameOf(HELLO, { id: 8, token: hostile, client: 'hostile', feed: true, after: null }),
  ];
  const texts = [
    Buffer.from(JSON.stringify({ type: 'place_bid', ...bid })),
    Buffer.from(JSON.stringify({ type: 'subscribe', id: 4, auctionId: other })),
  ];
  const hello = { id: 1, token: hostile, client: null, feed: null, after: null };
  const signedIn = { bytes: frameOf(HELLO, hello), text: JSON.stringify(HELLO.toNamed(hello)) };
  const sent = { malformed: 0, strange: 0, hellos: 0 };
  const closes = new Map<number, number>();

  const attack = async (plan: Attack): Promise<void> => {
    const { json, signsIn, parting } = plan;
    const socket = new RawWebSocket(server.port);
    await socket.upgrade(json ? { 'sec-websocket-protocol': 'gavel.v1.json' } : {});
    // Half of them are signed in, so that what is nearly valid gets as far as it can.
    if (signsIn) {
      if (json) socket.sendFrame(TEXT, Buffer.from(signedIn.text));
      else socket.sendFrame(BINARY, signedIn.bytes);
      sent.hellos += 1;
      await socket.frame();
    }
    for (const bytes of plan.frames) socket.sendFrame(json ? TEXT : BINARY, bytes);
    sent.malformed += plan.malformed;
    sent.strange += plan.strange;
    if (parting !== null) socket.sendFrame(parting.opcode, parting.bytes, parting.isWhole);
    socket.sendFrame(CLOSE, Buffer.from([0x03, 0xe8]));
    const code = await socket.closeCode();
    closes.set(code, (closes.get(code) ?? 0) + 1);
    socket.close();
  };
  /** Each connection has numbers of its own, so that a seed says what each of them sends. */
  let connections = 0;
  const attackers = async (count: number): Promise<void> => {
    let left = count;
    const next = async (): Promise<void> => {
      while (left > 0) {
        connections += 1;
        const plan = planAttack({ frames, texts }, left, randomFrom(seed + connections));
        left -= plan.malformed;
        await attack(plan);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, next));
  };

  const honest = new HonestClient(await WireClient.connect(server.url, await server.token('bob')));
  const honestBids = honest.bidOn(auctionId);
  await attackers(WARM_UP_FRAMES);
  const before = residentBytes(server);
  await attackers(FRAMES);
  const grown = residentBytes(server) - before;
  honest.stop();
  await honestBids;

  const read = await metric(server, 'gavel_frames_received_total');
  const waits = honest.waitsMs.toSorted((a, b) => a - b);
  const p99 = waits[Math.floor(waits.length * 0.99)] as number;
  const closed = [...closes].map(([code, count]) => `${code}×${count}`).join(' ');
  t.diagnostic(`${JSON.stringify(sent)}, ${read} frames read, closes ${closed}`);
  t.diagnostic(`memory grew by ${(grown / 1024 / 1024).toFixed(1)} MB`);
  t.diagnostic(`${waits.length} honest bids, p99 ${p99.toFixed(1)} ms`);
  assert.equal(server.child.exitCode, null);
  assert.ok(grown < GROWTH_BYTES_MAX, `memory grew by ${grown} bytes`);
  assert.ok(waits.length > 100, 'the honest client was served');
  assert.ok(p99 < HONEST_MS_MAX, `the honest client waited ${p99} ms`);
  assert.equal(sent.malformed, WARM_UP_FRAMES + FRAMES);
  const honestFrames = 1 + waits.length;
  const others = sent.strange + sent.hellos + honestFrames;
  assert.equal(read - others, WARM_UP_FRAMES + FRAMES, 'every frame came as far as the gateway');
  assert.ok(!server.log.includes('"level":50'), `nothing was an internal error: ${server.log}`);
  assert.equal(await server.stop(), 0);
});

/** Bids without a pause, one after the other. */
class HonestClient {
  readonly waitsMs: number[] = [];
  readonly #socket: WireClient;
  #stopped = false;
  constructor(socket: WireClient) {
    this.#socket = socket;
  }
  async bidOn(auctionId: string): Promise<void> {
    for (let id = 1; !this.#stopped; id++) {
      const sentMs = performance.now();
      const answer = await this.#socket.ask(PLACE_BID, {
        id,
        auctionId,
        nonce: `honest-${id}`,
        amountCents: 1_000 + id * 100,
        currency: null,
        confirm: null,
        dryRun: null,
      });
      assert.equal(answer.fields['code'], 0, answer.raw);
      this.waitsMs.push(performance.now() - sentMs);
    }
  }
  stop(): void {
    this.#stopped = true;
  }
}

test('wrong tokens, early and oversized frames: answered with a reason, and closed', async (t) => {
  const server = await Server.start({ env: UNLIMITED });
  t.after(() => server.kill());
  const stranger = await Server.start();
  const foreign = await tokenFor(stranger.data, 'alice', ['seller', 'bidder']);
  assert.equal(await stranger.stop(), 0);
  const own = await server.token('bob');
  const [head, body, signature] = own.split('.') as [string, string, string];
  const unsigned = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
  const wrong = [
    foreign,
    'x.y.z',
    `${head}.${body}.`,
    `${unsigned}.${body}.`,
    `${head}.${Buffer.from('{"sub":"admin"}').toString('base64url')}.${signature}`,
  ];
  for (const token of wrong) {
    const client = await WireClient.connect(server.url, null);
    const answer = await client.ask(HELLO, { id: 1, token, client: null, feed: null, after: null });
    assert.deepEqual([answer.name, answer.fields['code']], ['refused', 4001], token);
    assert.equal(await client.closed, 3500);
    const listed = await rest(server.url, token, 'GET', '/v1/auctions');
    assert.deepEqual([listed.status, listed.body['name']], [401, 'TOKEN_INVALID']);
  }

  // A bid before hello is refused; the connection may still sign in.
  const early = await WireClient.connect(server.url, null);
  const auctionId = 'A'.repeat(22);
  const bid = { id: 7, auctionId, nonce: 'nonce-000001', amountCents: 100 };
  const answer = await early.ask(PLACE_BID, {
    ...bid,
    currency: null,
    confirm: null,
    dryRun: null,
  });
  assert.deepEqual([answer.name, answer.fields['code']], ['refused', 4000]);
  early.close();

  // More than a frame may hold is refused; far more is not even read.
  const socket = new RawWebSocket(server.port);
  await socket.upgrade();
  socket.sendFrame(BINARY, Buffer.alloc(5_000, 0x90));
  const refused = await socket.frame();
  assert.ok(refused?.payload.includes(Buffer.from([0xcd, 0x03, 0xea])), 'code 1002, TOO_LARGE');
  socket.sendFrame(BINARY, Buffer.alloc(100_000, 0x90));
  await socket.closed();

  const alive = await WireClient.connect(server.url, own);
  alive.close();
});

test('requests that two parsers would read in two ways do not smuggle a bid', async (t) => {
  const server = await Server.start({ env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const bidder = await server.token('bob');
  const auctionId = (await list(server.url, seller))['auctionId'] as string;
  const inner = JSON.stringify({ nonce: 'smuggled-1', amountCents: 5_000 });
  const post = `POST /v1/auctions/${auctionId}/bids HTTP/1.1\r\nhost: x\r\n`;
  const bid = `${post}authorization: Bearer ${bidder}\r\ncontent-type: application/json\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`;
  const json = `POST /v1/auctions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  const shapes = [
    `${json}content-length: 2\r\ncontent-length: ${bid.length}\r\n\r\n{}${bid}`,
    `${json}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${bid}`,
    `${json}transfer-encoding: gzip\r\n\r\n0\r\n\r\n${bid}`,
    `${json}transfer-encoding: chunked\r\ntransfer-encoding: x\r\n\r\n0\r\n\r\n${bid}`,
    `${json}content-length: -2\r\n\r\n${bid}`,
    `GET /v1/time HTTP/1.1\r\nhost: x\r\ncontent-length: 0, ${bid.length}\r\n\r\n${bid}`,
    `GET /v1/time HTTP/1.1\r\n\r\n${bid}`,
    `GET /v1/time HTTP/1.1\nhost: x\n\n${bid}`,
  ];
  const one = async (shape: string): Promise<void> => {
    const connection = new RawConnection(server.port);
    await connection.write(shape).closed();
    const got = connection.received.toString('latin1');
    assert.ok(!got.includes('"record"'), `${shape.slice(0, 120)} was taken for a bid: ${got}`);
  };
  // At once: some are only closed when nothing more comes for a while.
  await Promise.all(shapes.map(one));
  assert.deepEqual(await bidsOf(server.url, seller, auctionId), []);
  // The same bytes alone are a bid: it was the shape that was refused.
  const plain = new RawConnection(server.port);
  const response = await plain.write(bid).response();
  plain.close();
  assert.equal(response?.status, 200, response?.body);
  assert.equal((await bidsOf(server.url, seller, auctionId)).length, 1);
});

/** Memory of the process that is really there. */
function residentBytes(server: Server): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.ready.internalUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
}
