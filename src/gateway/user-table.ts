/**
 * Signed-in users: their numbers in this process, which shards know them, and which connections are
 * theirs. Numbers are never given to somebody else, because shards keep them.
 */
import type { Session } from './session.ts';
import type { ShardPort, UserNumber } from './shard-port.ts';
import { User } from './user.ts';

const NO_SESSIONS: ReadonlySet<Session> = new Set();

export class UserTable {
  readonly #byId = new Map<string, User>();
  readonly #sessions = new Map<UserNumber, Set<Session>>();
  /** For each shard, by user number: 1 where the shard knows the user. */
  readonly #introduced: Uint8Array[];

  constructor(shards: number) {
    this.#introduced = Array.from({ length: shards }, () => new Uint8Array(1024));
  }

  get count(): number {
    return this.#byId.size;
  }

  user(id: string): User {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const user = new User(this.#byId.size + 1, id);
    this.#byId.set(id, user);
    return user;
  }

  /** Makes sure that a shard knows a user. False: its queue is full. */
  introduce(user: User, shard: number, port: ShardPort): boolean {
    const introduced = this.#introduced[shard] as Uint8Array;
    if (introduced[user.number] === 1) return true;
    if (!port.introduce(user.number, user.id)) return false;
    const bits = user.number < introduced.length ? introduced : this.#grow(shard, user.number);
    bits[user.number] = 1;
    return true;
  }

  sessionsOf(user: UserNumber): ReadonlySet<Session> {
    return this.#sessions.get(user) ?? NO_SESSIONS;
  }

  joined(user: User, session: Session): void {
    const sessions = this.#sessions.get(user.number);
    if (sessions === undefined) this.#sessions.set(user.number, new Set([session]));
    else sessions.add(session);
  }

  left(user: User, session: Session): void {
    const sessions = this.#sessions.get(user.number);
    if (sessions === undefined || !sessions.delete(session)) return;
    if (sessions.size === 0) this.#sessions.delete(user.number);
  }

  #grow(shard: number, number: UserNumber): Uint8Array {
    const old = this.#introduced[shard] as Uint8Array;
    const grown = new Uint8Array(Math.max(old.length * 2, number + 1));
    grown.set(old);
    this.#introduced[shard] = grown;
    return grown;
  }
}
