/**
 * The seed's design as a server: the same gateway library, bids decided by one atomic Lua script
 * in Redis. What one turn of the loop brings goes to Redis as one pipeline (by hand: measured, that
 * costs a third less than the client's own auto-pipelining), and answers to one socket leave
 * together, so that the peer is as fast as its design allows. Tokens are not checked and nobody is
 * told of being outbid, to its favour.
 *
 * Takes a line of JSON (Settings) on standard input, prints its port as a line of JSON, and stops
 * when its standard input ends.
 */
import { readFileSync } from 'node:fs';
import { Packr, Unpackr } from 'msgpackr';
import { App } from 'uWebSockets.js';
import type { WebSocket } from 'uWebSockets.js';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { REFUSED } from '../../src/protocol/messages/refused.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { linesOf } from '../child.ts';
import { listen } from '../limits/listen.ts';

interface Settings {
  readonly redisPort: number;
  readonly auctionIds: readonly string[];
  readonly startCents: number;
  readonly incrementCents: number;
}

/** What the script returns. */
type Told = readonly [code: number, price: number, count: number, leads: number];

/** What we use of the client; its own types are only there where the peers are installed. */
interface Pipeline {
  placeBid(auction: string, nonces: string, bidder: string, amount: number, nonce: string): unknown;
  hset(key: string, values: Readonly<Record<string, string | number>>): unknown;
  exec(): Promise<readonly (readonly [error: Error | null, told: Told])[]>;
}
interface RedisClient {
  pipeline(): Pipeline;
}
type RedisConstructor = new (options: object) => RedisClient;

/** The bids of one turn of the loop. */
interface Turn {
  readonly pipeline: Pipeline;
  readonly sessions: Session[];
  readonly ids: number[];
}

interface Session {
  bidder: string;
  /** Null once it is closed. */
  socket: Socket | null;
  /** Answers that leave together at the end of this turn. */
  readonly pending: Uint8Array[];
}
type Socket = WebSocket<Session>;

const UNKNOWN_OUTCOME = 9000;
const LEADING = 1;
const OUTBID = 2;

const settings = await readSettings();
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });
const redis = await connectRedis();
await listAuctions();

const touched: Session[] = [];
let turn: Turn | null = null;
let bidders = 0;

const app = App().ws<Session>('/*', {
  maxPayloadLength: 4096,
  idleTimeout: 60,
  maxBackpressure: 1024 * 1024,
  upgrade(response, request, context) {
    const session: Session = { bidder: '', socket: null, pending: [] };
    response.upgrade(
      session,
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  message(ws, bytes) {
    const frame = unpackr.unpack(Buffer.from(bytes)) as readonly unknown[];
    const id = frame[1] as number;
    const session = ws.getUserData();
    if (frame[0] !== HELLO.number) {
      bid(session, id, frame[2] as string, frame[3] as string, frame[4] as number);
      return;
    }
    session.socket = ws;
    session.bidder = `bidder-${++bidders}`;
    ws.send(packr.pack([WELCOME.number, id, session.bidder, 1, 0, 0, 25_000]), true);
  },
  close(ws) {
    ws.getUserData().socket = null;
  },
});

function bid(session: Session, id: number, auction: string, nonce: string, cents: number): void {
  if (turn === null) {
    turn = { pipeline: redis.pipeline(), sessions: [], ids: [] };
    setImmediate(() => void sendTurn());
  }
  turn.pipeline.placeBid(`a:${auction}`, `n:${auction}`, session.bidder, cents, nonce);
  turn.sessions.push(session);
  turn.ids.push(id);
}

async function sendTurn(): Promise<void> {
  if (turn === null) return;
  const { pipeline, sessions, ids } = turn;
  turn = null;
  const results = await pipeline.exec();
  results.forEach(([error, told], i) => {
    const id = ids[i] as number;
    const answer = error === null ? answerTo(id, told) : [REFUSED.number, id, UNKNOWN_OUTCOME];
    queue(sessions[i] as Session, packr.pack(answer));
  });
  flush();
}

function answerTo(id: number, [code, price, count, leads]: Told): readonly unknown[] {
  const step = settings.incrementCents;
  const next = price + step;
  const status = leads === 1 ? LEADING : OUTBID;
  const now = Date.now();
  const offered = [next, next + step, next + 2 * step];
  return [ANSWER.number, id, code, 1, count, count, price, status, next, offered, now, now];
}

function queue(session: Session, bytes: Uint8Array): void {
  if (session.pending.length === 0) touched.push(session);
  session.pending.push(bytes);
}

function flush(): void {
  for (const { socket, pending } of touched) {
    socket?.cork(() => {
      for (const bytes of pending) socket.send(bytes, true);
    });
    pending.length = 0;
  }
  touched.length = 0;
}

async function connectRedis(): Promise<RedisClient> {
  // By a name in a variable, because the peers are installed only for this comparison.
  const name = 'ioredis';
  const { Redis } = (await import(name)) as { Redis: RedisConstructor };
  const lua = readFileSync(new URL('bid.lua', import.meta.url), 'utf8');
  return new Redis({
    host: '127.0.0.1',
    port: settings.redisPort,
    noDelay: true,
    scripts: { placeBid: { lua, numberOfKeys: 2 } },
  });
}

async function listAuctions(): Promise<void> {
  const { startCents, incrementCents } = settings;
  const empty = { price: startCents, max: 0, leader: '', count: 0, increment: incrementCents };
  const pipeline = redis.pipeline();
  for (const id of settings.auctionIds) pipeline.hset(`a:${id}`, empty);
  await pipeline.exec();
}

async function readSettings(): Promise<Settings> {
  const line = await linesOf(process.stdin).next();
  if (line.done === true) throw new Error('the settings are missing on standard input');
  return JSON.parse(line.value) as Settings;
}

listen(app);
