/**
 * Admission: refuses early what would wait too long, so that what is taken keeps its latency
 * (docs/decisions/0009). One queue a shard stays one queue, first in, first out; only who may join
 * it changes with its age. "Age" is how long a frame that joins now is going to wait, at least as
 * long as the oldest one in it has waited.
 *
 *   age ──0────── ¼ target ──────── target ──────────── 2 × target ──▶
 *         everybody    │ not who takes    │ only auctions     │ nobody but the clock
 *                      │ more than a share│ about to end, and │ (starts, ends)
 *                      │                  │ users of some tiers
 *
 * Each of the three steps is left again at half of its age, so that it does not flutter. What an
 * auction asks for is counted in short windows, by the hash of its id: more than one and a half
 * times the average of the auctions asked for in that window is more than its share. Where an
 * auction is alone, all of the shard is its share.
 */
import { OVERLOAD } from '../config/limits.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { ShardPort } from './shard-port.ts';

const MASK = OVERLOAD.buckets - 1;
const US_PER_MS = 1000;

type AdmissionLimits = Pick<GatewayLimits, 'targetAgeMs' | 'priorityTiers'>;

/** Who is refused first. */
const OVER_SHARE = 0;
const ORDINARY = 1;
const LAST = 2;
const AGES = [OVERLOAD.overShareAge, 1, OVERLOAD.lastAge] as const;

export class Admission {
  readonly #gates: readonly ShardGate[];

  constructor(shards: number, limits: AdmissionLimits) {
    this.#gates = Array.from({ length: shards }, () => new ShardGate(limits));
  }

  /**
   * @param hash of the auction id; 0 where the frame names none.
   * @param tier of who asks; null: none.
   * @returns 0: it may join the queue; else the milliseconds after which to try again. */
  ask(shard: number, port: ShardPort, hash: number, nowUs: number, tier: string | null): number {
    return (this.#gates[shard] as ShardGate).ask(port, hash, nowUs, tier);
  }

  /** Over all shards since the start; `refused`: though their auction asked for no more than its share. */
  get demand(): { readonly asked: number; readonly refused: number } {
    let [asked, refused] = [0, 0];
    for (const gate of this.#gates) {
      asked += gate.asked;
      refused += (gate.refused[ORDINARY] as number) + (gate.refused[LAST] as number);
    }
    return { asked, refused };
  }

  /** Per shard: refused since the start, by who was refused. */
  get refused(): readonly { readonly overShare: number; readonly others: number }[] {
    return this.#gates.map(({ refused }) => ({
      overShare: refused[OVER_SHARE] as number,
      others: (refused[ORDINARY] as number) + (refused[LAST] as number),
    }));
  }
}

class ShardGate {
  readonly #limits: AdmissionLimits;
  readonly refused = [0, 0, 0];
  /** Frames offered since the start. */
  asked = 0;
  /** For each step, whether it refuses at present. */
  readonly #closed = [false, false, false];
  /** What this window and the one before it asked for, by hash. */
  #askedFor = new Uint32Array(OVERLOAD.buckets);
  #askedForBefore = new Uint32Array(OVERLOAD.buckets);
  #windowEndUs = 0;
  #frames = 0;
  #admitted = 0;
  #auctions = 0;
  /** More frames than this in the window before are more than a share. */
  #share = Infinity;
  /** Frames offered for each one admitted in the window before. */
  #excess = 1;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  ask(port: ShardPort, hash: number, nowUs: number, tier: string | null): number {
    if (nowUs >= this.#windowEndUs) this.#turn(nowUs);
    const bucket = hash & MASK;
    const asked = this.#askedFor[bucket] as number;
    if (asked === 0) this.#auctions += 1;
    this.#askedFor[bucket] = asked + 1;
    this.asked += 1;
    this.#frames += 1;
    const waitUs = port.waitUs(nowUs);
    this.#judge(waitUs);
    if (!(this.#closed[OVER_SHARE] as boolean)) return this.#admit();
    const who = this.#rank(port, hash, nowUs, tier);
    if (!(this.#closed[who] as boolean)) return this.#admit();
    this.refused[who] = (this.refused[who] as number) + 1;
    const retryMs = Math.ceil((waitUs * this.#excess) / US_PER_MS);
    return Math.max(1, Math.min(OVERLOAD.retryMsMax, retryMs));
  }

  #admit(): number {
    this.#admitted += 1;
    return 0;
  }

  #rank(port: ShardPort, hash: number, nowUs: number, tier: string | null): number {
    if ((this.#askedForBefore[hash & MASK] as number) > this.#share) return OVER_SHARE;
    if (tier !== null && this.#limits.priorityTiers.includes(tier)) return LAST;
    const leftMs = port.endsAtMs(hash) - nowUs / US_PER_MS;
    return leftMs > 0 && leftMs <= OVERLOAD.closingMs ? LAST : ORDINARY;
  }

  #judge(waitUs: number): void {
    const targetUs = this.#limits.targetAgeMs * US_PER_MS;
    for (let step = 0; step < AGES.length; step++) {
      const ageUs = targetUs * (AGES[step] as number);
      this.#closed[step] =
        waitUs > (this.#closed[step] === true ? ageUs * OVERLOAD.resumeAge : ageUs);
    }
  }

  /** Starts a new window; the one that ends says who asks for too much. */
  #turn(nowUs: number): void {
    const isNext = nowUs < this.#windowEndUs + OVERLOAD.windowUs;
    const average = this.#frames / Math.max(1, this.#auctions);
    this.#share = isNext ? average * OVERLOAD.shareFactor + OVERLOAD.shareFrames : Infinity;
    this.#excess = Math.max(1, this.#frames / Math.max(1, this.#admitted));
    const cleared = this.#askedForBefore;
    this.#askedForBefore = this.#askedFor;
    this.#askedFor = cleared.fill(0);
    this.#frames = 0;
    this.#admitted = 0;
    this.#auctions = 0;
    this.#windowEndUs = nowUs + OVERLOAD.windowUs;
  }
}
