/**
 * Reads what a server sends, just far enough: the borders of WebSocket frames, the number of the
 * message in each, and of an answer its id and code. Nothing is allocated for a frame; one that
 * arrives in pieces is put together in a small buffer of the connection.
 */
export interface InboundHandler {
  /** `answer` (code 0: accepted) with its position, or `refused`. */
  answer(id: number, code: number, seq: number): void;
  /** Any other message; its payload is `bytes[from .. to)`, good during the call. */
  push(number: number, bytes: Uint8Array, from: number, to: number): void;
  /** A ping of the WebSocket layer, to be echoed. */
  ping(bytes: Uint8Array, from: number, to: number): void;
  /** The server closes the connection. */
  closed(code: number, reason: string): void;
}

const ANSWER = 65;
const REFUSED = 66;
const OPCODE_TEXT = 1;
const OPCODE_BINARY = 2;
const OPCODE_CLOSE = 8;
const OPCODE_PING = 9;
const OPCODE_PONG = 10;
const HEADER_BYTES_MAX = 10;
/** Any text message (JSON) is told under this number. */
export const TEXT_MESSAGE = 0;

export class Inbound {
  readonly #handler: InboundHandler;
  /** The beginning of a frame whose rest has not arrived. */
  #carry = Buffer.allocUnsafeSlow(4096);
  #carried = 0;
  /** Where the last number read by #uint ended. */
  #next = 0;

  constructor(handler: InboundHandler) {
    this.#handler = handler;
  }

  /** Takes the bytes `from .. to`, which may be overwritten afterwards. */
  take(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (this.#carried > 0 && at < to) at = this.#completeCarried(bytes, at, to);
    if (at < to) at = this.#frames(bytes, at, to);
    if (at < to) this.#keep(bytes, at, to);
  }

  /** Handles all whole frames; returns where the first incomplete one starts. */
  #frames(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (to - at >= 2) {
      let size = (bytes[at + 1] as number) & 0x7f;
      let payload = at + 2;
      if (size >= 126) {
        const total = longFrameSize(bytes, at, to);
        if (total < 0) return at;
        payload = at + (size === 126 ? 4 : HEADER_BYTES_MAX);
        size = at + total - payload;
      }
      if (payload + size > to) return at;
      this.#frame(bytes, bytes[at] as number, payload, payload + size);
      at = payload + size;
    }
    return at;
  }

  #frame(bytes: Uint8Array, first: number, from: number, to: number): void {
    const opcode = first & 0x0f;
    if (opcode === OPCODE_BINARY) {
      const number = bytes[from + 1] as number;
      if (number !== ANSWER && number !== REFUSED) {
        this.#handler.push(number, bytes, from, to);
        return;
      }
      const id = this.#uint(bytes, from + 2);
      const code = this.#uint(bytes, this.#next);
      if (number === REFUSED) return this.#handler.answer(id, code, 0);
      this.#uint(bytes, this.#next);
      this.#handler.answer(id, code, this.#uint(bytes, this.#next));
    } else if (opcode === OPCODE_PING) {
      this.#handler.ping(bytes, from, to);
    } else if (opcode === OPCODE_CLOSE) {
      const code =
        to - from < 2 ? 1005 : ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
      this.#handler.closed(code, Buffer.from(bytes.slice(from + 2, to)).toString());
    } else if (opcode === OPCODE_TEXT) {
      this.#handler.push(TEXT_MESSAGE, bytes, from, to);
    } else if (opcode !== OPCODE_PONG) {
      throw new Error(`the server sent a frame with opcode ${opcode}`);
    }
  }

  #uint(bytes: Uint8Array, at: number): number {
    const head = bytes[at] as number;
    if (head < 0x80) {
      this.#next = at + 1;
      return head;
    }
    const width = head === 0xcc ? 1 : head === 0xcd ? 2 : head === 0xce ? 4 : 0;
    if (width === 0) throw new Error('an answer with an id or code that is no number');
    let value = 0;
    for (let i = 1; i <= width; i++) value = value * 256 + (bytes[at + i] as number);
    this.#next = at + 1 + width;
    return value;
  }

  /** Adds what the carried frame still lacks and handles it; returns where the rest starts. */
  #completeCarried(bytes: Uint8Array, from: number, to: number): number {
    const wanted = this.#carriedSize();
    const lacking = (wanted < 0 ? this.#carried + 1 : wanted) - this.#carried;
    const taken = Math.min(lacking, to - from);
    this.#keep(bytes, from, from + taken);
    if (wanted > 0 && this.#carried === wanted) {
      this.#carried = 0;
      this.#frames(this.#carry, 0, wanted);
    }
    return from + taken;
  }

  /** Size of the frame whose beginning is carried; −1 while its header is incomplete. */
  #carriedSize(): number {
    if (this.#carried < 2) return -1;
    const size = (this.#carry[1] as number) & 0x7f;
    return size < 126 ? 2 + size : longFrameSize(this.#carry, 0, this.#carried);
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    const size = this.#carried + to - from;
    if (size > this.#carry.length) {
      const grown = Buffer.allocUnsafeSlow(size * 2);
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    this.#carry.set(bytes.subarray(from, to), this.#carried);
    this.#carried = size;
  }
}

/** Size with header of a frame with an extended length; −1 while the header is incomplete. */
function longFrameSize(bytes: Uint8Array, at: number, to: number): number {
  const isLarge = ((bytes[at + 1] as number) & 0x7f) === 127;
  const header = isLarge ? HEADER_BYTES_MAX : 4;
  if (to - at < header) return -1;
  let size = 0;
  for (let i = at + 2; i < at + header; i++) size = size * 256 + (bytes[i] as number);
  return header + size;
}
