/**
 * Reads the part of MessagePack that Gavel speaks, strictly: whatever else stands in the bytes
 * (extension types, maps, NaN, infinities, −0, bad UTF-8, a length past the end, nesting too deep)
 * is malformed. Frames come from strangers, and the general decoder accepts more than a protocol
 * of positional arrays should (RELIABILITY.md section 3), so this is the only thing that looks at
 * their bytes. msgpackr checks it in the tests.
 */
const TWO_32 = 0x1_0000_0000;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class MalformedMsgpack extends Error {
  override name = 'MalformedMsgpack';
}

export type MsgpackValue = null | boolean | number | string | Uint8Array | readonly MsgpackValue[];

export class MsgpackReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** The same bytes once more: Buffer turns ASCII into strings fastest. */
  #chars: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** Starts on other bytes. They are not copied. */
  open(bytes: Uint8Array, from = 0, to = bytes.length): this {
    if (this.#bytes !== bytes) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#chars = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    return this;
  }

  get position(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Count of the array that starts here; that many values follow. */
  array(): number {
    const head = this.#take();
    if ((head & 0xf0) === 0x90) return head & 0x0f;
    if (head === 0xdc) return this.#uint16();
    return fail('must be an array');
  }

  /** Consumes a nil if one is next. */
  nil(): boolean {
    if (this.#at < this.#end && this.#bytes[this.#at] === 0xc0) {
      this.#at += 1;
      return true;
    }
    return false;
  }

  bool(): boolean {
    const head = this.#take();
    if (head === 0xc2) return false;
    if (head === 0xc3) return true;
    return fail('must be true or false');
  }

  /** A whole number from 0 to 2^53 − 1. */
  uint(): number {
    const value = this.number();
    if (!Number.isSafeInteger(value) || value < 0) return fail('must be a whole number');
    return value;
  }

  int(): number {
    const value = this.number();
    if (!Number.isSafeInteger(value)) return fail('must be a whole number');
    return value;
  }

  number(): number {
    return this.#number(this.#take());
  }

  str(maxBytes: number): string {
    const size = this.#strSize(this.#take());
    if (size < 0) return fail('must be a string');
    return this.#text(size, maxBytes);
  }

  bytes(maxBytes = 0x7fff_ffff): Uint8Array {
    const size = this.#bytesSize(this.#take());
    if (size < 0) return fail('must be bytes');
    if (size > maxBytes) return fail('has too many bytes');
    const from = this.#skip(size);
    return this.#bytes.slice(from, from + size);
  }

  /** Goes back to a position that was read before. */
  rewind(position: number): this {
    this.#at = position;
    return this;
  }

  /** A whole number up to `max` if one is next, else −1 (and the position is then anywhere). */
  tryUint(max: number): number {
    if (this.#at >= this.#end) return -1;
    const head = this.#bytes[this.#at++] as number;
    let value = -1;
    if (head < 0x80) value = head;
    else if (head === 0xcd && this.#end - this.#at >= 2) value = this.#uint16();
    else if (head === 0xce && this.#end - this.#at >= 4)
      value = this.#view.getUint32(this.#skip(4));
    else if (head === 0xcc && this.#at < this.#end) value = this.#bytes[this.#at++] as number;
    return value <= max ? value : -1;
  }

  /** Where the bytes of a text of just this size start if one is next, else −1 (the position is then anywhere). */
  tryStr(size: number): number {
    if (this.#at >= this.#end) return -1;
    const head = this.#bytes[this.#at++] as number;
    if ((head & 0xe0) === 0xa0) {
      if ((head & 0x1f) !== size) return -1;
    } else if (head !== 0xd9 || this.#at >= this.#end || this.#bytes[this.#at++] !== size) {
      return -1;
    }
    const from = this.#at;
    if (size > this.#end - from) return -1;
    this.#at = from + size;
    return from;
  }

  /** A short text of these ASCII characters if one is next, else '' (the position is then anywhere). */
  tryAscii(min: number, max: number, allowed: Uint8Array): string {
    if (this.#at >= this.#end) return '';
    const bytes = this.#bytes;
    const head = bytes[this.#at++] as number;
    let size = -1;
    if ((head & 0xe0) === 0xa0) size = head & 0x1f;
    else if (head === 0xd9 && this.#at < this.#end) size = bytes[this.#at++] as number;
    if (size < min || size > max || size > this.#end - this.#at) return '';
    const from = this.#at;
    const to = from + size;
    for (let at = from; at < to; at++) if (allowed[bytes[at] as number] !== 1) return '';
    this.#at = to;
    return this.#chars.toString('latin1', from, to);
  }

  /** Whatever stands here, as plain values. */
  value(depthMax: number, strBytesMax: number): MsgpackValue {
    const head = this.#take();
    if (head === 0xc0) return null;
    if (head === 0xc2 || head === 0xc3) return head === 0xc3;
    const strSize = this.#strSize(head);
    if (strSize >= 0) return this.#text(strSize, strBytesMax);
    const bytesSize = this.#bytesSize(head);
    if (bytesSize >= 0) {
      const from = this.#skip(bytesSize);
      return this.#bytes.slice(from, from + bytesSize);
    }
    if ((head & 0xf0) !== 0x90 && head !== 0xdc) return this.#number(head);
    if (depthMax === 0) return fail('is nested too deep');
    const count = (head & 0xf0) === 0x90 ? head & 0x0f : this.#uint16();
    if (count > this.#end - this.#at) return fail('is cut off');
    const values: MsgpackValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(depthMax - 1, strBytesMax));
    return values;
  }

  #number(head: number): number {
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xcc:
        return this.#take();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#view.getUint32(this.#skip(4));
      case 0xcf: {
        const from = this.#skip(8);
        const high = this.#view.getUint32(from);
        if (high >= 0x20_0000) return fail('is too large a number');
        return high * TWO_32 + this.#view.getUint32(from + 4);
      }
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3: {
        const value = Number(this.#view.getBigInt64(this.#skip(8)));
        return Number.isSafeInteger(value) ? value : fail('is too large a number');
      }
      case 0xca:
        return finite(this.#view.getFloat32(this.#skip(4)));
      case 0xcb:
        return finite(this.#view.getFloat64(this.#skip(8)));
      default:
        return fail(`must not be of the MessagePack type 0x${head.toString(16)}`);
    }
  }

  #strSize(head: number): number {
    if ((head & 0xe0) === 0xa0) return head & 0x1f;
    if (head === 0xd9) return this.#take();
    if (head === 0xda) return this.#uint16();
    if (head === 0xdb) return this.#view.getUint32(this.#skip(4));
    return -1;
  }

  #bytesSize(head: number): number {
    if (head === 0xc4) return this.#take();
    if (head === 0xc5) return this.#uint16();
    if (head === 0xc6) return this.#view.getUint32(this.#skip(4));
    return -1;
  }

  #text(size: number, maxBytes: number): string {
    if (size > maxBytes) return fail('is too long');
    const from = this.#skip(size);
    const bytes = this.#bytes;
    let at = from;
    while (at < from + size && (bytes[at] as number) < 0x80) at += 1;
    if (at === from + size) return this.#chars.toString('latin1', from, at);
    try {
      // A copy, because the decoder does not read shared memory.
      return strictUtf8.decode(bytes.slice(from, from + size));
    } catch {
      return fail('is not UTF-8');
    }
  }

  #uint16(): number {
    return this.#view.getUint16(this.#skip(2));
  }

  #take(): number {
    if (this.#at >= this.#end) return fail('is cut off');
    return this.#bytes[this.#at++] as number;
  }

  /** Steps over `size` bytes; returns where they started. */
  #skip(size: number): number {
    const from = this.#at;
    if (size > this.#end - from) return fail('is cut off');
    this.#at = from + size;
    return from;
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value) || Object.is(value, -0)) return fail('must be a finite number');
  return value;
}

function fail(reason: string): never {
  throw new MalformedMsgpack(reason);
}
