/**
 * The head, kept outside the log: which record the log must at least hold, and with which hash.
 * A log that lost its tail (a cut file, a dropped write-ahead file) looks healthy to SQLite; this
 * file is what tells. Two slots are written in turn, so a torn write leaves the other one.
 *
 *   slot: generation f64 · seq f64 · hash 32 · CRC-32 u32, at 0 and at 512 (sectors of their own)
 *
 * It is written after each commit and synced at most once a second: after a crash of the process
 * it is exact, after a power cut it may be older than the log, never newer.
 */
import { closeSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { assert } from '../lib/assert.ts';
import { HASH_BYTES, NO_HASH } from './chain.ts';
import type { Head } from './journal.ts';
import { DamagedJournal, WAY_OUT } from './journal.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE } from './seq.ts';

const SLOT_BYTES = 512;
const HASH_AT = 16;
const CHECKSUM_AT = HASH_AT + HASH_BYTES;
const USED_BYTES = CHECKSUM_AT + 4;

interface Slot {
  readonly generation: number;
  readonly head: Head;
}

export class HeadFile {
  readonly #fd: number;
  readonly #slot = Buffer.alloc(USED_BYTES);
  #generation: number;
  #synced: boolean;

  private constructor(fd: number, generation: number, synced: boolean) {
    this.#fd = fd;
    this.#generation = generation;
    this.#synced = synced;
  }

  /** Makes the file of a log that ends at `head`, durable. Its folder is for the caller to sync. */
  static create(path: string, head: Head = { seq: SEQ_NONE, hash: NO_HASH }): void {
    const file = new HeadFile(openSync(`${path}.new`, 'w+'), 0, true);
    // Both slots, so that later damage to one leaves the other.
    file.write(head);
    file.write(head);
    file.close();
    renameSync(`${path}.new`, path);
  }

  /** @throws DamagedJournal where the file is missing or no slot is whole. */
  static open(path: string): { readonly file: HeadFile; readonly head: Head } {
    const slot = readSlots(path);
    // What stands there may not have reached the disk before a crash.
    return { file: new HeadFile(openSync(path, 'r+'), slot.generation, false), head: slot.head };
  }

  /** Not durable by itself. */
  write(head: Head): void {
    this.#generation += 1;
    const slot = this.#slot;
    slot.writeDoubleLE(this.#generation, 0);
    slot.writeDoubleLE(head.seq, 8);
    slot.set(head.hash, HASH_AT);
    slot.writeUInt32LE(crc32(slot.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
    const at = (this.#generation % 2) * SLOT_BYTES;
    assert(writeSync(this.#fd, slot, 0, USED_BYTES, at) === USED_BYTES, 'a slot is written whole');
    this.#synced = false;
  }

  sync(): void {
    if (this.#synced) return;
    fsyncSync(this.#fd);
    this.#synced = true;
  }

  close(): void {
    try {
      this.sync();
    } finally {
      this.abandon();
    }
  }

  /** Lets go of the file as it is: after an error, which a failing sync would only hide. */
  abandon(): void {
    closeSync(this.#fd);
  }
}

/** What the log must at least hold. @throws DamagedJournal */
export function readHead(path: string): Head {
  return readSlots(path).head;
}

function readSlots(path: string): Slot {
  const bytes = readStart(path);
  if (bytes === undefined) throw damage(path, 'is missing');
  const slots = [readSlot(bytes, 0), readSlot(bytes, SLOT_BYTES)].filter((slot) => slot !== null);
  slots.sort((a, b) => b.generation - a.generation);
  const newest = slots[0];
  if (newest === undefined) throw damage(path, 'is damaged in both of its slots');
  return newest;
}

function damage(path: string, what: string): DamagedJournal {
  return new DamagedJournal(
    `${path} ${what}, so it cannot be told whether the log beside it is whole; ${WAY_OUT}`,
    SEQ_NONE,
  );
}

/** Undefined where there is no file. */
function readStart(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(SLOT_BYTES * 2);
    readSync(fd, bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function readSlot(bytes: Buffer, at: number): Slot | null {
  const slot = bytes.subarray(at, at + USED_BYTES);
  if (crc32(slot.subarray(0, CHECKSUM_AT)) !== slot.readUInt32LE(CHECKSUM_AT)) return null;
  const generation = slot.readDoubleLE(0);
  // Zeroes have a checksum that fits as well: none was ever written as generation 0.
  if (!(generation >= 1)) return null;
  const hash = Uint8Array.from(slot.subarray(HASH_AT, CHECKSUM_AT));
  return { generation, head: { seq: slot.readDoubleLE(8) as Seq, hash } };
}
