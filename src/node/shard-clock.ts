/**
 * The clock of a shard and the watch over its thread, on the main thread: a tick when the next
 * auction starts or ends, a tick every now and then, and the loop has to turn for it.
 *
 *   deadline shown by the shard ──▶ timer ──▶ tick into the ring
 *   every 250 ms ──▶ tick ──▶ did the loop turn? ── no, for 4 s ──▶ stuck
 *                                                └─ it waits for the disk ──▶ told, and left alone
 */
import { WATCHDOG } from '../config/limits.ts';
import type { ShardStatus } from './shard-status.ts';

export interface ShardClockOptions {
  readonly status: ShardStatus;
  readonly nowUs: () => number;
  /** Whether the thread turns its loop; not while it recovers or is dead. */
  readonly isRunning: () => boolean;
  readonly hasWork: () => boolean;
  readonly tick: () => void;
  readonly stuck: () => void;
  readonly diskIsSlow: (forMs: number) => void;
}

export class ShardClock {
  readonly #options: ShardClockOptions;
  #timer: NodeJS.Timeout | null = null;
  #timerForMs = Infinity;
  #heartbeat: NodeJS.Timeout | null = null;
  #beats = 0;
  #beatSeenMs = 0;
  #diskToldMs = 0;
  #isStopping = false;

  constructor(options: ShardClockOptions) {
    this.#options = options;
  }

  /** From now on auctions start and end. */
  start(): void {
    this.#heartbeat = setInterval(() => this.#beat(), WATCHDOG.beatMs);
    this.resume();
  }

  /** The thread is there again. */
  resume(): void {
    this.#seen();
    if (this.#heartbeat !== null) this.#tick();
  }

  /** The shard has shown something: its next deadline may be an earlier one. */
  look(): void {
    if (this.#options.status.nextDeadlineMs < this.#timerForMs) this.#arm();
  }

  /** No auction starts or ends any more; the thread has to go on turning until it has ended. */
  stopping(): void {
    this.#isStopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#heartbeat ??= setInterval(() => this.#beat(), WATCHDOG.beatMs);
    this.#seen();
  }

  end(): void {
    this.#isStopping = true;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #tick(): void {
    if (this.#isStopping || !this.#options.isRunning()) return;
    this.#options.tick();
    this.#arm();
  }

  #arm(): void {
    if (this.#heartbeat === null || this.#isStopping) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { status, nowUs } = this.#options;
    this.#timerForMs = status.nextDeadlineMs;
    const leftMs = Math.ceil(this.#timerForMs - nowUs() / 1000);
    const waitMs = leftMs > 0 ? leftMs : WATCHDOG.overdueMs;
    this.#timer = setTimeout(() => this.#tick(), Math.min(WATCHDOG.timerMsMax, waitMs));
  }

  #seen(): void {
    this.#beats = this.#options.status.beats;
    this.#beatSeenMs = performance.now();
    this.#diskToldMs = this.#beatSeenMs;
  }

  /** The sign of life: a tick goes in, and the loop has to turn. */
  #beat(): void {
    const { status, isRunning, hasWork, stuck, diskIsSlow } = this.#options;
    this.#tick();
    const isIdle = !hasWork() && !this.#isStopping;
    if (!isRunning() || isIdle || status.beats !== this.#beats) return this.#seen();
    const nowMs = performance.now();
    if (status.waitsForDisk) {
      if (nowMs - this.#diskToldMs < WATCHDOG.stuckMs) return;
      this.#diskToldMs = nowMs;
      return diskIsSlow(nowMs - this.#beatSeenMs);
    }
    if (nowMs - this.#beatSeenMs < WATCHDOG.stuckMs) return;
    this.#seen();
    stuck();
  }
}
