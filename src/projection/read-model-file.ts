/**
 * The file of the read model: what can be asked about listings, people and words, all of it told
 * by the logs and by nothing else, so that it can be thrown away and made again.
 *
 *   log of each shard ──▶ fold ──▶ listing · bidding · category · words ──▶ queries
 *   log of accounts ───────┘ └──▶ watermark: in the same transaction, so each record counts once
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, FileKind } from '../journal/sqlite-connection.ts';
import { isCorruption, openConnection, WrongFormat } from '../journal/sqlite-connection.ts';

/** "GAVR" */
const APPLICATION_ID = 0x47_41_56_52;
/** Raised with every change of the tables or of what is written into them. */
const FORMAT = 4;
/** Characters of beginnings that the indexes of words list apart. */
export const INDEXED_PREFIXES: readonly number[] = [2, 3];
export const TOKENIZER = "tokenize = 'unicode61 remove_diacritics 2'";
const TOKENS = `${TOKENIZER}, prefix = '${INDEXED_PREFIXES.join(' ')}'`;

export const READ_MODEL: FileKind = {
  applicationId: APPLICATION_ID,
  format: FORMAT,
  schema: `
    CREATE TABLE meta (
      id     INTEGER PRIMARY KEY CHECK (id = 1),
      epoch  INTEGER NOT NULL,
      shards INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE watermark (
      -- -1: the accounts.
      shard INTEGER PRIMARY KEY,
      seq   INTEGER NOT NULL,
      at_us INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE user (
      key INTEGER PRIMARY KEY,
      id  TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE shard_user (
      shard INTEGER NOT NULL,
      ref   INTEGER NOT NULL,
      user  INTEGER NOT NULL,
      PRIMARY KEY (shard, ref)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE category (
      key    INTEGER PRIMARY KEY,
      parent INTEGER NOT NULL,
      path   TEXT NOT NULL UNIQUE,
      live   INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE listing (
      key           INTEGER PRIMARY KEY,
      id            TEXT NOT NULL UNIQUE,
      seller        INTEGER NOT NULL,
      category      INTEGER NOT NULL,
      status        INTEGER NOT NULL,
      title         TEXT NOT NULL,
      condition     TEXT,
      location      TEXT,
      country       TEXT,
      shipping_cents INTEGER,
      format        TEXT NOT NULL,
      currency      TEXT NOT NULL,
      start_cents   INTEGER NOT NULL,
      price_cents   INTEGER NOT NULL,
      buy_now_cents INTEGER,
      has_reserve   INTEGER NOT NULL,
      reserve_met   INTEGER NOT NULL,
      bids          INTEGER NOT NULL,
      leader        INTEGER NOT NULL,
      winner        INTEGER NOT NULL,
      listed_ms     INTEGER NOT NULL,
      starts_ms     INTEGER NOT NULL,
      ends_ms       INTEGER NOT NULL,
      heat          REAL NOT NULL,
      bid_heat      REAL NOT NULL,
      watch_heat    REAL NOT NULL,
      watched       INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX listing_by_end ON listing (status, ends_ms, key);
    CREATE INDEX listing_by_price ON listing (status, price_cents, key);
    CREATE INDEX listing_by_heat ON listing (status, heat, key);
    CREATE INDEX listing_by_time ON listing (status, listed_ms, key);
    CREATE INDEX listing_by_category ON listing (category, status, ends_ms, key);
    CREATE INDEX listing_by_seller ON listing (seller, listed_ms, key);
    CREATE INDEX listing_by_winner ON listing (winner, ends_ms, key) WHERE winner > 0;
    CREATE TABLE listing_text (
      key         INTEGER PRIMARY KEY,
      description TEXT NOT NULL
    ) STRICT;
    CREATE TABLE bidding (
      user      INTEGER NOT NULL,
      listing   INTEGER NOT NULL,
      bids      INTEGER NOT NULL,
      max_cents INTEGER,
      last_ms   INTEGER NOT NULL,
      PRIMARY KEY (user, listing)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bidding_by_listing ON bidding (listing);
    -- Whoever has ever watched what; is_on: does so now.
    CREATE TABLE watch (
      account INTEGER NOT NULL,
      listing INTEGER NOT NULL,
      is_on   INTEGER NOT NULL,
      PRIMARY KEY (account, listing)
    ) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE live_words USING fts5 (
      title, description, content = '', contentless_delete = 1, ${TOKENS}
    );
    CREATE VIRTUAL TABLE past_words USING fts5 (
      title, description, content = '', contentless_delete = 1, ${TOKENS}
    );
    -- Of titles and descriptions, as the indexes of words fold them.
    CREATE TABLE term (
      term TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
    -- Of titles, as they are spelt.
    CREATE TABLE word (
      key  INTEGER PRIMARY KEY,
      word TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE VIRTUAL TABLE word_parts USING fts5 (
      word, content = '', tokenize = 'trigram', detail = 'none'
    )`,
};

/** Where the auction stands, as the tables keep it. */
export const STATUSES = ['scheduled', 'active', 'sold', 'unsold', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];
export const SCHEDULED = 0;
export const ACTIVE = 1;
export const SOLD = 2;
export const UNSOLD = 3;
export const CANCELLED = 4;

export function isLive(status: number): boolean {
  return status <= ACTIVE;
}

export function readModelFile(dataFolder: string): string {
  return join(dataFolder, 'read-model.sqlite');
}

/** What the logs are that a read model was made of. */
export interface Origin {
  readonly epoch: number;
  readonly shards: number;
}

export interface OpenedReadModel {
  readonly db: Connection;
  /** Why it begins empty; null: it goes on. */
  readonly startsOver: string | null;
}

/**
 * Opens the read model for writing. One that cannot be used is thrown away: the logs tell it again.
 * @throws what opening a file throws for other reasons than its content.
 */
export function openReadModel(path: string, origin: Origin): OpenedReadModel {
  let startsOver: string | null = null;
  for (;;) {
    let db: Connection | undefined;
    try {
      db = openConnection(path, { ...READ_MODEL, synchronous: 'NORMAL', create: true });
      const known = db.prepare('SELECT epoch, shards FROM meta').get() as Origin | undefined;
      if (known === undefined) {
        db.prepare('INSERT INTO meta VALUES (1, ?, ?)').run(origin.epoch, origin.shards);
        return { db, startsOver: startsOver ?? 'it is new' };
      }
      if (known.epoch === origin.epoch && known.shards === origin.shards) {
        return { db, startsOver };
      }
      startsOver = 'the data was restored or resharded since';
      db.close();
    } catch (error) {
      db?.close();
      if (!(error instanceof WrongFormat) && !isCorruption(error)) throw error;
      startsOver = error.message;
    }
    removeReadModel(path);
  }
}

export function removeReadModel(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}
