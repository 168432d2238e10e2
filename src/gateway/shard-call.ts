/**
 * One frame of a REST request on its way through a shard: its reply, decoded, or why there is none.
 */
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import { assert } from '../lib/assert.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { DecodedFrame } from '../protocol/frame.ts';
import { decodeFrame } from '../protocol/frame.ts';
import type { Message } from '../protocol/message.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { hashBytes, hashText } from '../routing/hash-ring.ts';
import type { Admission } from './admission.ts';
import type { ConnectionTable } from './connection-table.ts';
import { FramePeek } from './frame-peek.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Session } from './session.ts';
import type { Conn, Shards } from './shard-port.ts';
import type { User } from './user.ts';
import type { UserTable } from './user-table.ts';

/** The shard's reply, or the refusal that stands in its place. */
export type ShardReply = DecodedFrame | RefusalName;

export class ShardCall {
  readonly deadlineUs: number;
  readonly #done: (reply: ShardReply) => void;

  constructor(deadlineUs: number, done: (reply: ShardReply) => void) {
    this.deadlineUs = deadlineUs;
    this.#done = done;
  }

  answered(bytes: Uint8Array): void {
    this.#done(decodeFrame(bytes));
  }

  failed(name: RefusalName): void {
    this.#done(name);
  }
}

/** Request id of every frame that REST makes: each has a connection number of its own. */
export const REST_REQUEST_ID = 1;
/** In place of the hash of an auction's id, where a message names none. */
const NO_AUCTION = 0;

export class ShardCaller {
  readonly #connections: ConnectionTable<Session | ShardCall>;
  readonly #shards: Shards;
  readonly #admission: Admission;
  readonly #users: UserTable;
  readonly #limits: GatewayLimits;
  readonly #nowUs: () => number;
  readonly #writer = new MsgpackWriter(4096);
  readonly #peek = new FramePeek();
  #open = 0;

  constructor(
    connections: ConnectionTable<Session | ShardCall>,
    shards: Shards,
    admission: Admission,
    users: UserTable,
    limits: GatewayLimits,
    nowUs: () => number,
  ) {
    this.#connections = connections;
    this.#shards = shards;
    this.#admission = admission;
    this.#users = users;
    this.#limits = limits;
    this.#nowUs = nowUs;
  }

  /** Calls that wait for their reply. */
  get open(): number {
    return this.#open;
  }

  /** Sends a message to the shard of the auction that it names. */
  call<T>(message: Message<T>, value: T, user: User | null): Promise<ShardReply> {
    const frame = this.#frame(message, value);
    this.#peek.open(frame);
    const { auctionIdAt: at } = this.#peek;
    assert(at > 0, 'a message to a shard names its auction');
    const hash = hashBytes(frame, at, at + AUCTION_ID_LENGTH);
    return this.#submit(frame, this.#shards.ownerOf(hash), hash, user);
  }

  /** What the auction's shard counts of its changes (shard-port.ts). @param hash of the id */
  changes(hash: number): number {
    return this.#shards.port(this.#shards.ownerOf(hash)).changes(hash);
  }

  /** Index of the shard that owns an auction. */
  shardOf(auctionId: string): number {
    return this.#shards.ownerOf(hashText(auctionId));
  }

  /** Sends a message to every shard. */
  callAll<T>(message: Message<T>, value: T, user: User | null): Promise<ShardReply[]> {
    const calls: Promise<ShardReply>[] = [];
    for (let shard = 0; shard < this.#shards.count; shard++) {
      calls.push(this.#submit(this.#frame(message, value), shard, NO_AUCTION, user));
    }
    return Promise.all(calls);
  }

  #frame<T>(message: Message<T>, value: T): Uint8Array {
    this.#writer.clear();
    message.write(this.#writer, value);
    return this.#writer.view();
  }

  #submit(frame: Uint8Array, shard: number, hash: number, user: User | null): Promise<ShardReply> {
    const nowUs = this.#nowUs();
    const port = this.#shards.port(shard);
    if (this.#admission.ask(shard, port, hash, nowUs, user?.tier ?? null) > 0) {
      return Promise.resolve('OVERLOADED');
    }
    if (user !== null && !this.#users.introduce(user, shard, port)) {
      return Promise.resolve('OVERLOADED');
    }
    return new Promise((resolve) => {
      let conn: Conn = 0;
      const done = (reply: ShardReply): void => {
        this.#connections.remove(conn);
        this.#open -= 1;
        resolve(reply);
      };
      const call = new ShardCall(nowUs + this.#limits.answerTimeoutMs * 1000, done);
      conn = this.#connections.add(call);
      this.#open += 1;
      if (!port.submit(conn, user?.number ?? 0, nowUs, frame)) call.failed('OVERLOADED');
    });
  }
}
