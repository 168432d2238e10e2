/**
 * A data folder with very many live auctions: one auction is listed by the server itself, and its
 * record is written to the logs again and again, each time with an id of its own. Listing them over
 * REST would take longer than what is to be measured.
 */
import { join } from 'node:path';
import type { AuctionListed } from '../../src/auction/events.ts';
import type { AuctionId, AuctionRef, UserId, UserRef } from '../../src/auction/ids.ts';
import { openLog } from '../../src/cli/inspection/shard-reading.ts';
import { openDataFolder, readFolderMeta, shardFiles } from '../../src/journal/data-folder.ts';
import { HeadFile } from '../../src/journal/head-file.ts';
import { LogBuilder } from '../../src/journal/log-builder.ts';
import { readRecord } from '../../src/journal/record.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { HashRing, hashText } from '../../src/routing/hash-ring.ts';
import { RecordBatch } from '../../src/shard/record-batch.ts';
import { GavelServer } from '../gavel-server.ts';
import type { Bench } from '../scenario.ts';

/** As many as a shard commits at a time when they come thick. */
const RECORDS_A_BATCH = 500;
const SELLER = 1 as UserRef;
const EPOCH = 1;

export interface ManyAuctions {
  readonly folder: string;
  readonly ids: readonly string[];
}

/** The first so many end at this time, in place of a day later. */
export interface Closing {
  readonly count: number;
  readonly endsAtMs: number;
}

/** A folder that a server can be started on. */
export async function manyAuctions(
  bench: Bench,
  count: number,
  closing: Closing = { count: 0, endsAtMs: 0 },
): Promise<ManyAuctions> {
  const { listed, shards } = await template(bench);
  const folder = join(bench.folder, 'many');
  openDataFolder(folder, { shards, shardsDefault: shards, nowMs: Date.now() });
  const ids = Array.from({ length: count }, (_, i) => `Many${String(i).padStart(18, '0')}`);
  const ring = new HashRing(shards);
  const logs = Array.from({ length: shards }, (_, i) => new NewShard(folder, i, listed));
  for (const [i, id] of ids.entries()) {
    const endsAtMs = i < closing.count ? closing.endsAtMs : null;
    logs[ring.ownerOf(hashText(id))]?.list(id as AuctionId, endsAtMs);
  }
  for (const log of logs) log.finish();
  return { folder, ids };
}

/** What the server itself writes of a listing. */
async function template(
  bench: Bench,
): Promise<{ readonly listed: AuctionListed; readonly shards: number }> {
  const server = await GavelServer.start(bench);
  await server.target(1, 0);
  await server.kill();
  const { shards } = readFolderMeta(server.data);
  for (let index = 0; index < shards; index++) {
    const log = openLog(server.data, index);
    for (const { count, offsets, bytes } of log?.scan(1 as Seq) ?? []) {
      for (let i = 0; i < count; i++) {
        const listed = readRecord(bytes, offsets[i], offsets[i + 1]);
        if (listed.kind === 'AuctionListed') return { listed, shards };
      }
    }
    log?.close();
  }
  throw new Error('the server has no record of its listing');
}

class NewShard {
  readonly #files: ReturnType<typeof shardFiles>;
  readonly #log: LogBuilder;
  readonly #batch: RecordBatch;
  readonly #listed: AuctionListed;
  #auctions = 0;

  constructor(folder: string, index: number, listed: AuctionListed) {
    this.#files = shardFiles(folder, index);
    this.#log = new LogBuilder(this.#files.logFile);
    this.#batch = new RecordBatch(this.#log, EPOCH);
    this.#listed = listed;
  }

  /** @param endsAtMs null: as the auction that was listed */
  list(id: AuctionId, endsAtMs: number | null): void {
    const { atUs, text } = this.#listed;
    const terms = endsAtMs === null ? this.#listed.terms : { ...this.#listed.terms, endsAtMs };
    if (this.#auctions === 0) {
      this.#batch.add({ kind: 'UserIntroduced', atUs, user: SELLER, id: 'seller' as UserId });
    }
    this.#auctions += 1;
    const auction = this.#auctions as AuctionRef;
    const title = `${text.title} ${auction}`;
    const named = { id, auction, seller: SELLER, text: { ...text, title } };
    this.#batch.add({ ...this.#listed, ...named, terms });
    if (this.#batch.count >= RECORDS_A_BATCH) this.#batch.append(atUs);
  }

  finish(): void {
    this.#batch.append(this.#listed.atUs);
    const { head } = this.#log.finish();
    HeadFile.create(this.#files.headFile, head);
  }
}
