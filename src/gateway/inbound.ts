/**
 * The way in of a WebSocket frame, on the main thread's hottest path: limits, a look at four
 * fields, and on to the shard that owns the auction. What needs no shard is answered here.
 *
 *   frame ─▶ kind ok? ─▶ size ─▶ rates ─▶ peek ─┬▶ bid, buy, retract: signed in? role? ─┐ admission
 *                                               ├▶ subscribe, get: may this one read? ───┼▶ shard
 *                                               └▶ hello, ping, unsubscribe, heard: here │
 *   every way out but the shard is a refusal with the frame's id, or a close code ◀──────┘
 */
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { AUCTION_ID_MEANS } from '../protocol/common.ts';
import { MalformedField } from '../protocol/field.ts';
import { decodeAs, UnknownMessage } from '../protocol/frame.ts';
import { frameFromJson } from '../protocol/json-codec.ts';
import { BUY_NOW } from '../protocol/messages/buy-now.ts';
import { GET } from '../protocol/messages/get.ts';
import { GET_AS_ADMIN } from '../protocol/messages/get-as-admin.ts';
import { GET_RECEIPT } from '../protocol/messages/get-receipt.ts';
import { HEARD } from '../protocol/messages/heard.ts';
import { HELLO } from '../protocol/messages/hello.ts';
import { PING } from '../protocol/messages/ping.ts';
import { PLACE_BID } from '../protocol/messages/place-bid.ts';
import { PONG } from '../protocol/messages/pong.ts';
import { RETRACT } from '../protocol/messages/retract.ts';
import { SUBSCRIBE } from '../protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../protocol/messages/unsubscribe.ts';
import { hashBytes } from '../routing/hash-ring.ts';
import type { Admission } from './admission.ts';
import { FramePeek } from './frame-peek.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayLog } from './gateway-log.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Hub } from './hub.ts';
import type { Sender } from './sender.ts';
import type { Session } from './session.ts';
import type { ShardPort, Shards } from './shard-port.ts';
import type { SignIn } from './sign-in.ts';
import { ADMIN, BIDDER, neededRole } from './user.ts';
import type { UserTable } from './user-table.ts';

/** What has to be done for each message number. */
const UNKNOWN = 0;
const COMMAND = 1;
const READ = 2;
const OWN = 3;
const KINDS = new Uint8Array(128);
for (const { number } of [PLACE_BID, BUY_NOW, RETRACT, GET_RECEIPT]) KINDS[number] = COMMAND;
for (const { number } of [SUBSCRIBE, GET]) KINDS[number] = READ;
for (const { number } of [HELLO, PING, UNSUBSCRIBE, HEARD]) KINDS[number] = OWN;

const SUBSCRIBE_NUMBER = SUBSCRIBE.number;
const GET_NUMBER = GET.number;
const US_PER_MS = 1000;

export interface InboundOptions {
  readonly limits: GatewayLimits;
  readonly allowAnonymous: boolean;
  readonly shards: Shards;
  readonly admission: Admission;
  readonly users: UserTable;
  readonly sender: Sender;
  readonly hub: Hub;
  readonly signIn: SignIn;
  readonly metrics: GatewayMetrics;
  readonly log: GatewayLog;
  readonly nowUs: () => number;
}

export class Inbound {
  readonly #options: InboundOptions;
  readonly #limits: GatewayLimits;
  readonly #metrics: GatewayMetrics;
  readonly #sender: Sender;
  readonly #users: UserTable;
  readonly #shards: Shards;
  readonly #ports: readonly ShardPort[];
  readonly #admission: Admission;
  readonly #nowUs: () => number;
  readonly #peek = new FramePeek();
  readonly #jsonWriter = new MsgpackWriter(4096);
  readonly #writer = new MsgpackWriter(256);

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#metrics = options.metrics;
    this.#sender = options.sender;
    this.#users = options.users;
    this.#shards = options.shards;
    this.#ports = Array.from({ length: options.shards.count }, (_, i) => options.shards.port(i));
    this.#admission = options.admission;
    this.#nowUs = options.nowUs;
  }

  /** Takes one frame as it came. Never throws. */
  receive(session: Session, message: ArrayBuffer, isBinary: boolean): void {
    const nowUs = this.#nowUs();
    const bytes = new Uint8Array(message);
    session.lastHeardUs = nowUs;
    this.#metrics.framesIn += 1;
    this.#metrics.bytesIn += bytes.length;
    try {
      if (isBinary === session.json) this.#sender.close(session, 'WRONG_KIND');
      else if (session.json) this.#text(session, bytes, nowUs);
      else this.#bytes(session, bytes, nowUs);
    } catch (error) {
      this.#failed(session, error);
    }
  }

  #bytes(session: Session, bytes: Uint8Array, nowUs: number): void {
    this.#peek.open(bytes);
    if (this.#admit(session, bytes.length, this.#peek.id, nowUs)) {
      this.#frame(session, bytes, nowUs);
    }
  }

  #text(session: Session, bytes: Uint8Array, nowUs: number): void {
    const text = Buffer.from(bytes.buffer).toString('utf8');
    const id = Number(/"id"\s*:\s*(\d{1,10})\b/.exec(text.slice(0, 256))?.[1] ?? 0);
    const writer = this.#jsonWriter;
    if (!this.#admit(session, bytes.length, Math.min(id, 0xffff_ffff), nowUs)) return;
    // So that an error before the frame exists is answered with its id.
    this.#peek.id = Math.min(id, 0xffff_ffff);
    writer.clear();
    frameFromJson(text, this.#limits.jsonDepthMax, writer);
    const frame = writer.view();
    this.#peek.open(frame);
    this.#frame(session, frame, nowUs);
  }

  /** Size and rates. False: it has been refused. */
  #admit(session: Session, size: number, id: number, nowUs: number): boolean {
    const limits = this.#limits;
    if (size > limits.frameBytesMax) {
      this.#sender.refuse(session, id, 'TOO_LARGE');
      this.#countMalformed(session);
      return false;
    }
    const waitUs =
      session.frames.take(nowUs, 1, limits.framesPerSecond, limits.burstSeconds) ||
      session.bytes.take(nowUs, size, limits.bytesPerSecond, limits.burstSeconds);
    if (waitUs === 0) {
      session.rateRefusals = 0;
      return true;
    }
    this.#tooMany(session, id, waitUs);
    return false;
  }

  /** A frame within the limits that the peek has looked at. */
  #frame(session: Session, bytes: Uint8Array, nowUs: number): void {
    const { number, id, auctionIdAt } = this.#peek;
    const kind = number >= 0 && number < KINDS.length ? KINDS[number] : UNKNOWN;
    if (kind === OWN) return this.#own(session, number, bytes, nowUs);
    if (kind === UNKNOWN) {
      if (number < 0) throw new MalformedField('must be an array that starts with its number');
      throw new UnknownMessage(`message ${number} is not a message of clients`);
    }
    if (auctionIdAt === 0) {
      if (id === 0) throw new MalformedField('must be a whole number from 1', 'id');
      throw new MalformedField(`must be ${AUCTION_ID_MEANS}`, 'auctionId');
    }
    if (kind === COMMAND) {
      if (session.user === null) return this.#sender.refuse(session, id, 'NOT_SIGNED_IN');
      if ((session.roles & BIDDER) === 0) {
        return this.#sender.refuse(session, id, 'ROLE_MISSING', { reason: neededRole(BIDDER) });
      }
      const { commandsPerSecondAndUser, burstSeconds } = this.#limits;
      const { commands } = session.user;
      const waitUs = commands.take(nowUs, 1, commandsPerSecondAndUser, burstSeconds);
      if (waitUs > 0) return this.#tooMany(session, id, waitUs);
      this.#submit(session, id, bytes, auctionIdAt, nowUs);
    } else if (session.user === null && !this.#options.allowAnonymous) {
      this.#sender.refuse(session, id, 'NOT_SIGNED_IN');
    } else if (number === SUBSCRIBE_NUMBER) {
      this.#subscribe(session, id, bytes, auctionIdAt, nowUs);
    } else if (number === GET_NUMBER && (session.roles & ADMIN) !== 0) {
      this.#getAsAdmin(session, bytes, nowUs);
    } else {
      this.#submit(session, id, bytes, auctionIdAt, nowUs);
    }
  }

  #subscribe(session: Session, id: number, bytes: Uint8Array, at: number, nowUs: number): void {
    const { hub } = this.#options;
    const { auctionId } = decodeAs(SUBSCRIBE, bytes);
    if (session.awaited.has(id)) throw new MalformedField('is in use by another subscribe', 'id');
    if (!hub.hasRoom(session, auctionId)) {
      return this.#sender.refuse(session, id, 'TOO_MANY_SUBSCRIPTIONS');
    }
    if (this.#submit(session, id, bytes, at, nowUs)) hub.asked(session, id, auctionId, nowUs);
  }

  /** Shards know nothing of roles, so the message itself says that an admin asks. */
  #getAsAdmin(session: Session, bytes: Uint8Array, nowUs: number): void {
    const get = decodeAs(GET, bytes);
    this.#writer.clear();
    GET_AS_ADMIN.write(this.#writer, get);
    const frame = this.#writer.view();
    this.#peek.open(frame);
    this.#submit(session, get.id, frame, this.#peek.auctionIdAt, nowUs);
  }

  /** Whether the shard's queue took it; a refusal has been sent if not. */
  #submit(session: Session, id: number, bytes: Uint8Array, at: number, nowUs: number): boolean {
    if (session.inFlight >= this.#limits.inFlightPerConnectionMax) {
      this.#sender.refuse(session, id, 'TOO_MANY_REQUESTS');
      return false;
    }
    const hash = hashBytes(bytes, at, at + AUCTION_ID_LENGTH);
    const shard = this.#shards.ownerOf(hash);
    const port = this.#ports[shard] as ShardPort;
    const user = session.user;
    const waitMs = this.#admission.ask(shard, port, hash, nowUs, user?.tier ?? null);
    if (waitMs > 0) {
      this.#sender.refuse(session, id, 'OVERLOADED', { retryAfterMs: waitMs });
      return false;
    }
    if (
      (user !== null && !this.#users.introduce(user, shard, port)) ||
      !port.submit(session.conn, session.userNumber, nowUs, bytes)
    ) {
      this.#sender.refuse(session, id, 'OVERLOADED');
      return false;
    }
    session.inFlight += 1;
    session.spoke = true;
    if (session.sampledId === 0 && this.#metrics.samples()) {
      session.sampledId = id;
      session.sampledUs = nowUs;
    }
    return true;
  }

  #own(session: Session, number: number, bytes: Uint8Array, nowUs: number): void {
    switch (number) {
      case HELLO.number:
        return this.#options.signIn.hello(session, decodeAs(HELLO, bytes), nowUs);
      case PING.number:
        return this.#pong(session, bytes, nowUs);
      case UNSUBSCRIBE.number: {
        const { id, auctionId } = decodeAs(UNSUBSCRIBE, bytes);
        return this.#options.hub.unsubscribe(session, id, auctionId);
      }
      default:
        decodeAs(HEARD, bytes);
    }
  }

  #pong(session: Session, bytes: Uint8Array, nowUs: number): void {
    const { id, clientTimeMs } = decodeAs(PING, bytes);
    session.spoke = true;
    this.#writer.clear();
    PONG.write(this.#writer, { id, clientTimeMs, serverTimeMs: Math.floor(nowUs / US_PER_MS) });
    this.#sender.send(session, this.#writer.view());
  }

  #tooMany(session: Session, id: number, waitUs: number): void {
    const retryAfterMs = Math.ceil(waitUs / US_PER_MS);
    this.#sender.refuse(session, id, 'TOO_MANY_REQUESTS', { retryAfterMs });
    session.rateRefusals += 1;
    if (session.rateRefusals > this.#limits.rateRefusalsInARowMax) {
      this.#sender.close(session, 'TOO_MANY_REQUESTS');
    }
  }

  #failed(session: Session, error: unknown): void {
    const id = this.#peek.id;
    if (error instanceof UnknownMessage) {
      this.#sender.refuse(session, id, 'UNKNOWN_TYPE', { reason: error.message });
    } else if (error instanceof MalformedField) {
      this.#sender.refuse(session, id, 'MALFORMED', error.told);
      this.#countMalformed(session);
    } else {
      this.#options.log.error({ err: error, conn: session.conn }, 'a frame could not be handled');
      this.#sender.refuse(session, id, 'INTERNAL');
    }
  }

  #countMalformed(session: Session): void {
    session.malformedFrames += 1;
    if (session.malformedFrames > this.#limits.malformedFramesMax) {
      this.#sender.close(session, 'BAD_REQUEST');
    }
  }
}
