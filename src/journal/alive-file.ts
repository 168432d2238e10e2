/**
 * Until when a server was alive on this folder: what the next one takes as the beginning of the
 * outage. Overwritten in place again and again and synced only at a clean stop: after a crash of the
 * process it is as old as the newest write, after a power cut maybe older. A missing or torn file
 * says nothing; the newest record of the logs stands in then.
 *
 *   microseconds since 1970 f64 · CRC-32 u32
 */
import { constants, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { asDiskFailure } from './disk-failure.ts';

const TIME_BYTES = 8;
const BYTES = TIME_BYTES + 4;

/** Microseconds since 1970; null: the file does not say. */
export function readAliveUs(path: string): number | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  if (bytes.length !== BYTES) return null;
  if (crc32(bytes.subarray(0, TIME_BYTES)) !== bytes.readUInt32LE(TIME_BYTES)) return null;
  const aliveUs = bytes.readDoubleLE(0);
  return Number.isSafeInteger(aliveUs) && aliveUs > 0 ? aliveUs : null;
}

export class AliveFile {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens it for writing, with this time in it, durably. @throws DiskFailure */
  static async begin(path: string, aliveUs: number): Promise<AliveFile> {
    // Not cut to nothing first: what stands there holds until it is overwritten.
    const file = new AliveFile(await open(path, constants.O_RDWR | constants.O_CREAT));
    try {
      await file.write(aliveUs);
      await file.#file.sync();
      return file;
    } catch (error) {
      await file.close();
      throw asDiskFailure(error, path);
    }
  }

  async write(aliveUs: number): Promise<void> {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeDoubleLE(aliveUs, 0);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, TIME_BYTES)), TIME_BYTES);
    await this.#file.write(bytes, 0, BYTES, 0);
  }

  /** The last time that a clean stop leaves. */
  async end(aliveUs: number): Promise<void> {
    try {
      await this.write(aliveUs);
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
