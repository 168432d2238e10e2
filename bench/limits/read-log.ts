/**
 * The limit that verification is measured against: every row of every shard's log read, with the
 * checksum and the hash that it needs at least, and nothing made of it.
 *
 * Takes the data folder, and prints records and milliseconds as a line of JSON.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { readFolderMeta, shardFiles } from '../../src/journal/data-folder.ts';

const folder = process.argv[2] ?? '.';
const startMs = performance.now();
let records = 0;
let [checksum, digest] = [0, Buffer.alloc(0)];
for (let shard = 0; shard < readFolderMeta(folder).shards; shard++) {
  const database = new Database(shardFiles(folder, shard).logFile, { readonly: true });
  const rows = database.prepare('SELECT count, payload FROM log ORDER BY first_seq').raw();
  for (const row of rows.iterate()) {
    const [count, payload] = row as [number, Buffer];
    checksum = crc32(payload, checksum);
    digest = hash('sha256', payload, 'buffer');
    records += count;
  }
  database.close();
}
const tookMs = performance.now() - startMs;
console.log(JSON.stringify({ records, tookMs, checksum, digest: digest.toString('hex') }));
