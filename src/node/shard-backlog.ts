/**
 * How much waits for a shard, and for how long: read from the ring and from what the shard shows,
 * without asking it. Admission looks here before every command.
 */
import { BATCH, OVERLOAD } from '../config/limits.ts';
import type { QueueReport } from '../gateway/shard-port.ts';
import type { RingProducer } from './byte-ring.ts';
import { STAMP_AT } from './inbound.ts';
import type { ShardStatus } from './shard-status.ts';

/** A bid's frame with its record header, to guess a count from bytes. */
const FRAME_BYTES_TYPICAL = 112;
const BATCH_BYTES_TYPICAL = BATCH.commandsMax * FRAME_BYTES_TYPICAL;

export class ShardBacklog {
  readonly #ring: RingProducer;
  readonly #status: ShardStatus;

  constructor(ring: RingProducer, status: ShardStatus) {
    this.#ring = ring;
    this.#status = status;
  }

  /** What has waited shows a shard that hangs; what is queued shows a burst before it has aged. */
  waitUs(nowUs: number): number {
    const { used } = this.#ring;
    if (used <= OVERLOAD.freeBytes) return 0;
    const { decideUsPerByte, commitUs } = this.#status;
    const batches = 1 + used / BATCH_BYTES_TYPICAL;
    return Math.max(this.#ageUs(nowUs), used * decideUsPerByte + batches * commitUs);
  }

  report(nowUs: number): QueueReport {
    const bytes = this.#ring.used;
    return {
      frames: Math.ceil(bytes / FRAME_BYTES_TYPICAL),
      bytes,
      ageUs: this.#ageUs(nowUs),
      batchFrames: this.#status.batchFrames,
      commitSeconds: this.#status.commitSeconds,
    };
  }

  #ageUs(nowUs: number): number {
    const stampUs = this.#ring.oldestDouble(STAMP_AT);
    return stampUs < 0 ? 0 : Math.max(0, nowUs - stampUs);
  }
}
