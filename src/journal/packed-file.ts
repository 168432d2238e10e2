/**
 * One file of a snapshot: packed with zstd, unpacked, or only looked at. The bytes go by in pieces
 * and are hashed on their way; compression has threads of its own (those of libuv).
 */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { syncFile } from './data-folder.ts';

/** Size and SHA-256 of what a file holds, uncompressed. */
export interface Content {
  readonly bytes: number;
  readonly sha256: string;
}

class Meter extends Transform {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  override _transform(chunk: Buffer, _: string, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  content(): Content {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Writes `to`, durably. Both names are complete paths. */
export async function pack(
  from: string,
  to: string,
  mode: number,
): Promise<Content & { readonly storedBytes: number }> {
  const meter = new Meter();
  const target = createWriteStream(to, { mode });
  await pipeline(createReadStream(from), meter, createZstdCompress(), target);
  syncFile(to);
  return { ...meter.content(), storedBytes: statSync(to).size };
}

/** Where a file of a snapshot lies, and how. */
export interface Stored {
  readonly path: string;
  readonly isCompressed: boolean;
}

/** Writes what is stored to `to`, durably. @throws what zlib says of a damaged file */
export async function unpack(stored: Stored, to: string, mode: number): Promise<Content> {
  const meter = new Meter();
  await run(stored, meter, createWriteStream(to, { mode }));
  syncFile(to);
  return meter.content();
}

/** What is stored, without writing it anywhere. @throws what zlib says of a damaged file */
export async function contentOf(stored: Stored): Promise<Content> {
  const meter = new Meter();
  await run(stored, meter, new Writable({ write: (_chunk, _encoding, done) => done() }));
  return meter.content();
}

function run({ path, isCompressed }: Stored, meter: Meter, target: Writable): Promise<void> {
  const source = createReadStream(path);
  return isCompressed
    ? pipeline(source, createZstdDecompress(), meter, target)
    : pipeline(source, meter, target);
}
