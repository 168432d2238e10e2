/**
 * How a batch becomes a link of the chain: its records packed into one payload, a checksum that
 * finds damage fast and for a row alone, and a SHA-256 over predecessor, header and payload that
 * makes the whole log one statement.
 *
 *   payload  = record lengths as varints · records
 *   header   = first seq u64 · clock u64 · count u32 · epoch u32 · payload bytes u32 · 0 u32
 *   checksum = CRC-32(header · payload)
 *   hash     = SHA-256(previous hash · header · payload)
 *
 * Numbers are little-endian. Others may check a log with no more than this.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { JOURNAL } from '../config/limits.ts';
import { assert } from '../lib/assert.ts';
import type { Batch } from './journal.ts';

export const HASH_BYTES = 32;
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES);
const HEADER_BYTES = 32;
const PREFIX_BYTES = HASH_BYTES + HEADER_BYTES;
const TWO_32 = 0x1_0000_0000;
/** A length below JOURNAL.batchBytesMax, 2^28, has at most four varint bytes. */
const VARINT_BYTES_MAX = 4;

export interface BatchHeader {
  readonly firstSeq: number;
  readonly count: number;
  readonly epoch: number;
  readonly atUs: number;
}

/** A batch ready to be stored. `payload` is a view that is good until the linker's next use. */
export interface Link {
  readonly payload: Uint8Array;
  readonly checksum: number;
  readonly hash: Buffer;
}

/** Makes links in one buffer that is reused. */
export class ChainLinker {
  #scratch = Buffer.alloc(1 << 16);

  /** Packs a batch and links it to its predecessor. */
  link(previous: Uint8Array, batch: Batch): Link {
    const { count, offsets, bytes } = batch;
    this.#reserve(PREFIX_BYTES + count * VARINT_BYTES_MAX + bytes.length);
    const scratch = this.#scratch;
    let at = PREFIX_BYTES;
    for (let i = 0; i < count; i++) {
      let length = (offsets[i + 1] as number) - (offsets[i] as number);
      assert(length >= 0, 'the offsets of a batch ascend');
      for (; length >= 0x80; length >>>= 7) scratch[at++] = (length & 0x7f) | 0x80;
      scratch[at++] = length;
    }
    scratch.set(bytes, at);
    return this.#seal(previous, batch, at + bytes.length);
  }

  /** The link that a stored payload must have been, to compare with what is stored. */
  relink(previous: Uint8Array, header: BatchHeader, payload: Uint8Array): Link {
    this.#reserve(PREFIX_BYTES + payload.length);
    this.#scratch.set(payload, PREFIX_BYTES);
    return this.#seal(previous, header, PREFIX_BYTES + payload.length);
  }

  #seal(previous: Uint8Array, header: BatchHeader, end: number): Link {
    assert(previous.length === HASH_BYTES, 'a chain hash has 32 bytes');
    const scratch = this.#scratch;
    scratch.set(previous, 0);
    writeHeader(scratch, HASH_BYTES, header, end - PREFIX_BYTES);
    return {
      payload: scratch.subarray(PREFIX_BYTES, end),
      checksum: crc32(scratch.subarray(HASH_BYTES, end)),
      hash: hash('sha256', scratch.subarray(0, end), 'buffer'),
    };
  }

  #reserve(bytes: number): void {
    if (this.#scratch.length >= bytes) return;
    this.#scratch = Buffer.alloc(Math.max(bytes, this.#scratch.length * 2));
  }
}

/** A row's own checksum, without the chain: what a point look-up can check. */
export function rowChecksum(header: BatchHeader, payload: Uint8Array): number {
  const bytes = Buffer.alloc(HEADER_BYTES);
  writeHeader(bytes, 0, header, payload.length);
  return crc32(payload, crc32(bytes));
}

/** Whether stored numbers are within what `link` ever takes; damage may have made them anything. */
export function headerFits({ firstSeq, count, epoch, atUs }: BatchHeader): boolean {
  const within = (value: number, low: number, high: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;
  return (
    within(firstSeq, 1, Number.MAX_SAFE_INTEGER) &&
    within(count, 1, JOURNAL.batchRecordsMax) &&
    within(epoch, 0, TWO_32 - 1) &&
    within(atUs, 0, Number.MAX_SAFE_INTEGER)
  );
}

/** Offsets of the records within the payload's record part; undefined where they do not fit. */
export function unpack(
  payload: Uint8Array,
  count: number,
): { readonly offsets: Uint32Array; readonly bytes: Uint8Array } | undefined {
  if (payload.length >= JOURNAL.batchBytesMax + count * VARINT_BYTES_MAX) return undefined;
  const offsets = new Uint32Array(count + 1);
  let at = 0;
  let end = 0;
  for (let i = 0; i < count; i++) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= payload.length || shift === VARINT_BYTES_MAX * 7) return undefined;
      const byte = payload[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    end += length;
    offsets[i + 1] = end;
  }
  // A plain array, whatever the payload is: the `slice` of a Buffer would not be a copy.
  const bytes = new Uint8Array(payload.buffer, payload.byteOffset + at, payload.length - at);
  return bytes.length === end ? { offsets, bytes } : undefined;
}

function writeHeader(target: Buffer, at: number, header: BatchHeader, payloadBytes: number): void {
  writeUint64(target, at, header.firstSeq);
  writeUint64(target, at + 8, header.atUs);
  target.writeUInt32LE(header.count, at + 16);
  target.writeUInt32LE(header.epoch, at + 20);
  target.writeUInt32LE(payloadBytes, at + 24);
  target.writeUInt32LE(0, at + 28);
}

function writeUint64(target: Buffer, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  target.writeUInt32LE(value - high * TWO_32, at);
  target.writeUInt32LE(high, at + 4);
}
