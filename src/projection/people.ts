/** Users in the read model: one number each, whatever their numbers in the shards are. */
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { must } from '../lib/assert.ts';

export class People {
  readonly #byRef: number[][];
  readonly #find: Statement;
  readonly #add: Statement;
  readonly #link: Statement;

  constructor(db: Connection, shards: number) {
    this.#find = db.prepare('SELECT key FROM user WHERE id = ?').pluck();
    this.#add = db.prepare('INSERT INTO user (id) VALUES (?)');
    this.#link = db.prepare('INSERT INTO shard_user VALUES (?, ?, ?)');
    this.#byRef = Array.from({ length: shards }, () => [0]);
    const links = db.prepare('SELECT shard, ref, user FROM shard_user').raw();
    for (const link of links.iterate()) {
      const [shard, ref, user] = link as [number, number, number];
      (this.#byRef[shard] as number[])[ref] = user;
    }
  }

  /** A shard gave a user a number. Within a transaction. */
  introduce(shard: number, ref: number, id: string): void {
    const known = this.#find.get(id) as number | undefined;
    const user = known ?? Number(this.#add.run(id).lastInsertRowid);
    this.#link.run(shard, ref, user);
    (this.#byRef[shard] as number[])[ref] = user;
  }

  /** 0 for nobody. */
  user(shard: number, ref: number): number {
    return must(this.#byRef[shard]?.[ref], 'a user is introduced before the first event');
  }
}
