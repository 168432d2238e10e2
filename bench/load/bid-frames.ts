/**
 * Bids as finished WebSocket frames. One frame is encoded with the product's own codec when the
 * generator starts; from then on a bid is that frame again with other bytes for id, auction, nonce
 * and amount. The mask is the key 00000000, which leaves the payload as it is.
 *
 *   82 b4 00000000 │ 95 02 ce IDID b6 AUCTION… b0 NONCE… ce AMNT
 */
import type { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { MsgpackWriter as Writer } from '../../src/lib/msgpack-writer.ts';
import type { Message } from '../../src/protocol/message.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { assert } from '../../src/lib/assert.ts';

export const AUCTION_ID_BYTES = 22;
/** Amounts and ids take 32 bits. */
export const AMOUNT_CENTS_MAX = 0xffff_ffff;

const NONCE_CHARS = 16;
/** The rest of a nonce is the same for all bids of a process. */
const NONCE_COUNTER_CHARS = 6;
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

const MASKED = 0x80;
const BINARY_FIN = 0x82;
const MASK_BYTES = 4;

/** A whole client frame around one message of the protocol, masked with the zero key. */
export function clientFrame<T>(message: Message<T>, value: T): Buffer {
  const writer: MsgpackWriter = new Writer();
  message.write(writer, value);
  return framed(writer.view(), BINARY_FIN);
}

/** A client frame with this first byte (opcode and flags). */
export function framed(payload: Uint8Array, firstByte: number): Buffer {
  assert(payload.length < 0x10000, 'the generator sends no large frames');
  const isShort = payload.length < 126;
  const header = isShort
    ? [firstByte, MASKED | payload.length]
    : [firstByte, MASKED | 126, payload.length >>> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from(header), Buffer.alloc(MASK_BYTES), payload]);
}

/** Values that are found again in the encoded frame, and take as many bytes as any later ones. */
const SAMPLE = {
  id: 0x7a7b7c7d,
  auctionId: 'x'.repeat(AUCTION_ID_BYTES),
  nonce: '#'.repeat(NONCE_CHARS),
  amountCents: 0x6a6b6c6d,
};

export class BidFrames {
  /** Bytes of every frame. */
  readonly size: number;
  readonly #template: Buffer;
  readonly #idAt: number;
  readonly #auctionAt: number;
  readonly #counterAt: number;
  readonly #amountAt: number;
  #counter = 0;

  /** @param noncePrefix ten printable characters that no other run on these auctions uses. */
  constructor(noncePrefix: string) {
    const sample = { ...SAMPLE, currency: null, confirm: null, dryRun: null };
    const frame = clientFrame(PLACE_BID, sample);
    this.#template = frame;
    this.size = frame.length;
    this.#idAt = placeOf(frame, Buffer.from('7a7b7c7d', 'hex'));
    this.#amountAt = placeOf(frame, Buffer.from('6a6b6c6d', 'hex'));
    this.#auctionAt = placeOf(frame, Buffer.from(SAMPLE.auctionId));
    const nonceAt = placeOf(frame, Buffer.from(SAMPLE.nonce));
    this.#counterAt = nonceAt + NONCE_CHARS - NONCE_COUNTER_CHARS;
    assert(noncePrefix.length === NONCE_CHARS - NONCE_COUNTER_CHARS, 'a prefix of ten characters');
    frame.write(noncePrefix, nonceAt, 'latin1');
  }

  /** A send buffer with room for `count` frames, in which `write` only has to patch. */
  buffer(count: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(count * this.size);
    for (let i = 0; i < count; i++) this.#template.copy(buffer, i * this.size);
    return buffer;
  }

  /** Turns the frame at `at` of such a buffer into a new bid with a new nonce. */
  write(
    buffer: Buffer,
    at: number,
    id: number,
    auctions: Uint8Array,
    auction: number,
    amountCents: number,
  ): void {
    patchUint32(buffer, at + this.#idAt, id);
    patchUint32(buffer, at + this.#amountAt, amountCents);
    const from = auction * AUCTION_ID_BYTES;
    const to = at + this.#auctionAt;
    for (let i = 0; i < AUCTION_ID_BYTES; i++) buffer[to + i] = auctions[from + i] as number;
    let counter = this.#counter++;
    let last = at + this.#counterAt + NONCE_COUNTER_CHARS;
    for (let i = 0; i < NONCE_COUNTER_CHARS; i++) {
      buffer[--last] = ALPHABET[counter & 63] as number;
      counter >>>= 6;
    }
  }
}

function patchUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

function placeOf(frame: Buffer, bytes: Buffer): number {
  const at = frame.indexOf(bytes);
  assert(at > 0 && frame.indexOf(bytes, at + 1) < 0, 'the sample stands once in its frame');
  return at;
}
