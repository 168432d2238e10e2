/**
 * Who connects, by network address: open connections and rates of each. An IPv6 /64 is one address,
 * because one subscriber holds all of it. Entries without connections and with full buckets are
 * forgotten; their number is bounded.
 */
import { RateBucket } from './rate-bucket.ts';

export class AddressEntry {
  readonly key: string;
  connections = 0;
  readonly requests = new RateBucket();
  readonly signIns = new RateBucket();
  /** Passwords tried, accounts made, resets asked for. */
  readonly attempts = new RateBucket();

  constructor(key: string) {
    this.key = key;
  }

  /** Whether nothing would be lost by forgetting it. */
  isIdle(nowUs: number): boolean {
    const buckets = [this.requests, this.signIns, this.attempts];
    return this.connections === 0 && buckets.every((bucket) => bucket.isFull(nowUs));
  }
}

export class AddressTable {
  readonly #entries = new Map<string, AddressEntry>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Undefined: the table is full of others. */
  entry(key: string, nowUs: number): AddressEntry | undefined {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= this.#max) this.forgetIdle(nowUs);
    if (this.#entries.size >= this.#max) return undefined;
    const entry = new AddressEntry(key);
    this.#entries.set(key, entry);
    return entry;
  }

  forgetIdle(nowUs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.isIdle(nowUs)) this.#entries.delete(entry.key);
    }
  }
}

/** The key of an address of 4 or 16 bytes. */
export function addressKey(address: ArrayBuffer): string {
  const bytes = new Uint8Array(address);
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return 'unknown';
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  if (mapped) return bytes.subarray(12).join('.');
  return `${Buffer.from(address, 0, 8).toString('hex')}/64`;
}

/**
 * The address that the nearest proxy saw: the last entry of X-Forwarded-For. Those before it come
 * from the client, who may write anything.
 */
export function forwardedKey(header: string): string | undefined {
  const last = header.slice(header.lastIndexOf(',') + 1).trim();
  return /^[0-9a-fA-F.:]{2,45}$/.test(last) ? networkOf(last.toLowerCase()) : undefined;
}

function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail = ''] = address.split('::');
  const heads = head === '' ? [] : head.split(':');
  const tails = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - heads.length - tails.length)).fill('0');
  const groups = [...heads, ...(address.includes('::') ? zeros : []), ...tails];
  const network = groups.slice(0, 4).map((group) => group.padStart(4, '0'));
  return `${network.join('')}/64`;
}
