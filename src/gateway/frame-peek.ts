/**
 * The few fields of a frame that the gateway has to see: message number, request id and where the
 * auction id stands; and of a reply its code. The rest is decoded once, in the shard. Reads in
 * place and allocates nothing, because it runs for every frame in and out. Takes every form of
 * MessagePack that the codec takes: clients in other languages write numbers and lengths wider.
 */
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import { MalformedMsgpack, MsgpackReader } from '../lib/msgpack-reader.ts';
import { ANSWER } from '../protocol/messages/answer.ts';
import { REFUSED } from '../protocol/messages/refused.ts';

const ANSWER_NUMBER = ANSWER.number;
const REFUSED_NUMBER = REFUSED.number;

export class FramePeek {
  /** Message number; −1: this is no frame. */
  number = -1;
  /** Request id; 0: none could be read. */
  id = 0;
  /** Where the 22 bytes of the auction id start; 0: there is none in the third place. */
  auctionIdAt = 0;
  #at = 0;
  readonly #reader = new MsgpackReader();

  /** Looks at another frame. */
  open(bytes: Uint8Array): void {
    this.number = -1;
    this.id = 0;
    this.auctionIdAt = 0;
    const head = bytes.length === 0 ? 0 : (bytes[0] as number);
    if ((head & 0xf0) === 0x90) {
      if (head === 0x90) return;
      this.#at = 1;
    } else if (head === 0xdc) {
      this.#at = 3;
    } else if (head === 0xdd) {
      this.#at = 5;
    } else {
      return;
    }
    this.number = this.#uint(bytes);
    if (this.number < 0) return;
    const id = this.#uint(bytes);
    if (id <= 0) return;
    this.id = id;
    this.auctionIdAt = this.#auctionId(bytes);
  }

  /** Code of a reply that is an answer or a refusal; −1 for any other. */
  replyCode(bytes: Uint8Array): number {
    const number = bytes[1];
    if (number !== ANSWER_NUMBER && number !== REFUSED_NUMBER) return -1;
    this.#at = 2;
    this.id = this.#uint(bytes);
    return this.#uint(bytes);
  }

  /** A whole number from 0 to 2^32 − 1, in any of its forms; −1: none is here. */
  #uint(bytes: Uint8Array): number {
    const at = this.#at;
    if (at >= bytes.length) return -1;
    const head = bytes[at] as number;
    if (head < 0x80) {
      this.#at = at + 1;
      return head;
    }
    const size = head === 0xcc ? 1 : head === 0xcd ? 2 : head === 0xce ? 4 : 0;
    if (size === 0) return this.#rareUint(bytes);
    if (at + size >= bytes.length) return -1;
    let value = 0;
    for (let i = at + 1; i <= at + size; i++) value = value * 256 + (bytes[i] as number);
    this.#at = at + size + 1;
    return value;
  }

  /** Wider forms, signed ones and floats: rare, so the reader of the codec does it. */
  #rareUint(bytes: Uint8Array): number {
    try {
      const value = this.#reader.open(bytes, this.#at).number();
      if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) return -1;
      this.#at = this.#reader.position;
      return value;
    } catch (error) {
      if (error instanceof MalformedMsgpack) return -1;
      throw error;
    }
  }

  /** Where a string of the length of an auction id starts, whose length takes `size` bytes. */
  #longStr(bytes: Uint8Array, at: number, size: number): number {
    let length = 0;
    for (let i = at + 1; i <= at + size; i++) length = length * 256 + (bytes[i] ?? 0);
    return length === AUCTION_ID_LENGTH ? at + 1 + size : 0;
  }

  #auctionId(bytes: Uint8Array): number {
    const at = this.#at;
    if (at >= bytes.length) return 0;
    const head = bytes[at] as number;
    let from = 0;
    if (head === (0xa0 | AUCTION_ID_LENGTH)) from = at + 1;
    else if (head >= 0xd9 && head <= 0xdb) from = this.#longStr(bytes, at, 1 << (head - 0xd9));
    return from !== 0 && from + AUCTION_ID_LENGTH <= bytes.length ? from : 0;
  }
}
