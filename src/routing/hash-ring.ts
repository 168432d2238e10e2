/**
 * Which shard owns an auction: a consistent hash ring with virtual nodes. The same id leads to the
 * same shard on every node and in every release; when a shard is added, only the share that it
 * takes over moves (test/routing shows balance and movement).
 */
import { assert } from '../lib/assert.ts';

/** Points on the ring for each shard: shares are even within about 10 %. */
const POINTS_PER_SHARD = 256;

/** FNV-1a with a final mix, so that ids that differ little land far apart. */
export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return mix(hash);
}

/** The same hash for an id in text form; ids are ASCII. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

function mix(value: number): number {
  let hash = value;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export class HashRing {
  readonly count: number;
  /** Where each point stands, ascending, and whose it is. */
  readonly #points: Uint32Array;
  readonly #owners: Uint16Array;

  constructor(count: number) {
    assert(Number.isInteger(count) && count >= 1 && count <= 1024, 'a ring has 1 to 1024 shards');
    this.count = count;
    const points: { at: number; owner: number }[] = [];
    for (let owner = 0; owner < count; owner++) {
      for (let i = 0; i < POINTS_PER_SHARD; i++) {
        points.push({ at: hashText(`shard-${owner}/${i}`), owner });
      }
    }
    // Two shards on one point: the lower number wins, everywhere alike.
    points.sort((a, b) => a.at - b.at || a.owner - b.owner);
    this.#points = Uint32Array.from(points, (point) => point.at);
    this.#owners = Uint16Array.from(points, (point) => point.owner);
  }

  /** The shard that owns a hash: the first point at or after it, around the ring. */
  ownerOf(hash: number): number {
    if (this.count === 1) return 0;
    const points = this.#points;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    return this.#owners[low === points.length ? 0 : low] as number;
  }
}
