/** A read model beside shards without threads: what they commit is taken in when a test says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { seqAfter } from '../../src/journal/seq.ts';
import type { Connection } from '../../src/journal/sqlite-connection.ts';
import { Discovery } from '../../src/projection/discovery.ts';
import { Projector } from '../../src/projection/projector.ts';
import type { Answers, Question, SearchQuestion } from '../../src/projection/questions.ts';
import { openReadModel } from '../../src/projection/read-model-file.ts';
import { ShardFixture } from '../shard/fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'gavel-projection-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const SETTINGS = { bidsPerMinuteMax: null, fatFingerFactor: null };

export class World {
  readonly shards: readonly ShardFixture[];
  readonly path: string;
  #db!: Connection;
  #projector!: Projector;
  #discovery: Discovery | null = null;

  constructor(shards = 1) {
    this.shards = Array.from(
      { length: shards },
      (_, index) =>
        new ShardFixture({ journal: new MemoryJournal(), settings: SETTINGS, index, shards }),
    );
    files += 1;
    this.path = join(folder, `read-model-${files}.sqlite`);
    this.open();
  }

  get db(): Connection {
    return this.#db;
  }

  get first(): ShardFixture {
    return this.shards[0] as ShardFixture;
  }

  /** As after a restart, or at the first start; says why it begins empty. */
  open(epoch = 1): string | null {
    const { db, startsOver } = openReadModel(this.path, { epoch, shards: this.shards.length });
    this.#db = db;
    this.#discovery = null;
    this.#projector = new Projector(db, this.shards.length);
    return startsOver;
  }

  close(): void {
    this.#db.close();
  }

  /** Takes in up to so many records of each shard; how many there were. */
  take(recordsMax = Infinity): number {
    let taken = 0;
    for (const [shard, { journal }] of this.shards.entries()) {
      const { seq } = this.#projector.watermark(shard);
      taken += this.#projector.take(shard, journal.scan(seqAfter(seq)), recordsMax);
    }
    return taken;
  }

  /** The accounts' log as well, up to so many records; behind the shards. */
  takeAccounts(journal: Journal, recordsMax = Infinity): number {
    const { seq } = this.#projector.accountsWatermark;
    return this.#projector.takeAccounts(journal.scan(seqAfter(seq)), recordsMax);
  }

  ask<K extends Question['kind']>(question: Extract<Question, { kind: K }>): Answers[K] {
    this.#discovery ??= new Discovery(this.#db);
    return this.#discovery.ask(question);
  }

  search(question: Partial<SearchQuestion> = {}): Answers['search'] {
    return this.ask<'search'>({
      kind: 'search',
      q: '',
      category: null,
      seller: null,
      currency: null,
      conditions: [],
      country: null,
      minPriceCents: null,
      maxPriceCents: null,
      endsBeforeMs: null,
      status: 'active',
      sort: 'relevance',
      cursor: null,
      limit: 20,
      ...question,
    });
  }

  /** Titles of what is found, in order. */
  titles(question: Partial<SearchQuestion> = {}): readonly string[] {
    return this.search(question).auctions.map(({ title }) => title);
  }
}
