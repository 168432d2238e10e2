/**
 * Users of this process: their numbers, which shards know them, and which connections are theirs.
 * Of those who are not here at the moment only so many are kept: whoever was away longest is
 * forgotten, and gets another number when he comes back.
 *
 *                 joined, hold                            forgotten, where there are too many:
 *   user ──▶ away ────────────▶ here                      the shards are told, behind the last
 *             ▲  ◀──────────── (connections, requests)    frame of his, and the slot is free
 *             └── newest last      left, release
 *
 * A number never means two users at once. What a shard still has from a user who was forgotten
 * stands in its queue before it is told so, and before whoever gets the slot next; what it still
 * sends to the old number reaches nobody, as the number's generation is another one (lib/slots.ts).
 */
import { slotOf } from '../lib/slots.ts';
import { ConnectionTable } from './connection-table.ts';
import type { Session } from './session.ts';
import type { ShardPort, Shards, UserNumber } from './shard-port.ts';
import { User } from './user.ts';

const NO_SESSIONS: ReadonlySet<Session> = new Set();

/** What a shard has been told of a user. */
const UNKNOWN = 0;
const KNOWN = 1;
const WITH_FEED = 2;

export class UserTable {
  readonly #shards: Shards;
  /** So many are kept; those who are here may be more. */
  readonly #usersMax: number;
  readonly #byId = new Map<string, User>();
  readonly #numbers = new ConnectionTable<User>();
  /** Those without connections and requests, in the order in which they were last here. */
  readonly #away = new Set<User>();
  readonly #sessions = new Map<UserNumber, Set<Session>>();
  /** For each shard, by slot: what it has been told. */
  readonly #introduced: Uint8Array[];

  constructor(shards: Shards, usersMax: number) {
    this.#shards = shards;
    this.#usersMax = usersMax;
    this.#introduced = Array.from({ length: shards.count }, () => new Uint8Array(1024));
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Good until the next turn of the event loop; whoever needs it longer holds it or joins. */
  user(id: string): User {
    const known = this.#byId.get(id);
    if (known !== undefined) {
      // Now the newest of those who are away.
      if (this.#away.delete(known)) this.#away.add(known);
      return known;
    }
    this.#makeRoom();
    const user = new User(id);
    user.number = this.#numbers.add(user);
    this.#byId.set(id, user);
    this.#away.add(user);
    return user;
  }

  /** Undefined: never signed in here. */
  find(id: string): User | undefined {
    return this.#byId.get(id);
  }

  /** Makes sure that a shard knows a user. False: its queue is full. */
  introduce(user: User, shard: number, port: ShardPort): boolean {
    const introduced = this.#introduced[shard] as Uint8Array;
    const slot = slotOf(user.number);
    if ((introduced[slot] ?? UNKNOWN) !== UNKNOWN) return true;
    if (!port.introduce(user.number, user.id)) return false;
    const bits = slot < introduced.length ? introduced : this.#grow(shard, slot);
    bits[slot] = KNOWN;
    return true;
  }

  /**
   * Makes sure that every shard knows a user and tells all that belongs on the private feed. False: a
   * queue is full.
   */
  keepFeed(user: User): boolean {
    const slot = slotOf(user.number);
    for (let shard = 0; shard < this.#shards.count; shard++) {
      const port = this.#shards.port(shard);
      if (!this.introduce(user, shard, port)) return false;
      const told = this.#introduced[shard] as Uint8Array;
      if (told[slot] === WITH_FEED) continue;
      if (!port.keepFeed(user.number, true)) return false;
      told[slot] = WITH_FEED;
    }
    return true;
  }

  /** What was kept for a user was given up. Who is connected is told on, all the same. */
  dropFeed(number: UserNumber): void {
    if (this.#numbers.get(number) === undefined || this.hasFeed(number)) return;
    const slot = slotOf(number);
    for (const [shard, told] of this.#introduced.entries()) {
      // Where its queue is full, the shard goes on telling, and nobody listens.
      if (told[slot] !== WITH_FEED || !this.#shards.port(shard).keepFeed(number, false)) continue;
      told[slot] = KNOWN;
    }
  }

  /** Whether a connection of this user wants the private feed. */
  hasFeed(number: UserNumber): boolean {
    for (const { feed } of this.sessionsOf(number)) if (feed) return true;
    return false;
  }

  sessionsOf(user: UserNumber): ReadonlySet<Session> {
    return this.#sessions.get(user) ?? NO_SESSIONS;
  }

  joined(user: User, session: Session): void {
    const sessions = this.#sessions.get(user.number);
    if (sessions === undefined) this.#sessions.set(user.number, new Set([session]));
    else sessions.add(session);
    this.hold(user);
  }

  left(user: User, session: Session): void {
    const sessions = this.#sessions.get(user.number);
    if (sessions === undefined || !sessions.delete(session)) return;
    if (sessions.size === 0) this.#sessions.delete(user.number);
    this.release(user);
  }

  /** Is not forgotten before it is released as often as it was held. */
  hold(user: User): void {
    user.holds += 1;
    this.#away.delete(user);
  }

  release(user: User): void {
    user.holds -= 1;
    if (user.holds === 0) this.#away.add(user);
  }

  #makeRoom(): void {
    for (const user of this.#away) {
      if (this.#byId.size < this.#usersMax || !this.#forget(user)) return;
    }
  }

  /** False: a queue is full. Then it has to wait, and the shards that were told may be told again. */
  #forget(user: User): boolean {
    const slot = slotOf(user.number);
    for (const [shard, introduced] of this.#introduced.entries()) {
      if ((introduced[slot] ?? UNKNOWN) === UNKNOWN) continue;
      if (!this.#shards.port(shard).forget(user.number)) return false;
      introduced[slot] = UNKNOWN;
    }
    this.#away.delete(user);
    this.#byId.delete(user.id);
    this.#numbers.remove(user.number);
    return true;
  }

  #grow(shard: number, slot: number): Uint8Array {
    const old = this.#introduced[shard] as Uint8Array;
    const grown = new Uint8Array(Math.max(old.length * 2, slot + 1));
    grown.set(old);
    this.#introduced[shard] = grown;
    return grown;
  }
}
