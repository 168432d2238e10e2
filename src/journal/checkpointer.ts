/**
 * A thread for what a shard's writer should not wait for: copying write-ahead files into their
 * database files, and syncing the head file. A copy of 8 MB with its sync takes as long as dozens
 * of commits.
 *
 *   writer: lane.request() ──▶ wakes the thread ──▶ job of the lane ──▶ lane.idle
 *                                                        └─ failed ──▶ lane.check() throws
 *
 * The two sides share a few words of memory and no messages: a shard's thread blocks on its ring
 * and never turns its event loop.
 */
import { Worker } from 'node:worker_threads';
import { JOURNAL } from '../config/limits.ts';
import { assert } from '../lib/assert.ts';

export type LaneJob =
  | { readonly kind: 'checkpoint'; readonly file: string; readonly synchronous: 'FULL' | 'NORMAL' }
  | { readonly kind: 'sync'; readonly file: string };

export interface CheckpointWorkerData {
  readonly jobs: readonly LaneJob[];
  readonly memory: SharedArrayBuffer;
}

/** Words of the shared memory: one to wake the thread, then some for each lane, then a text. */
export const WAKE = 0;
const LANE_WORDS = 3;
const LANES_MAX = 4;
const TEXT_AT = (1 + LANES_MAX * LANE_WORDS) * 4;
const TEXT_BYTES = 400;
const MEMORY_BYTES = TEXT_AT + TEXT_BYTES;

/** State of a lane. */
const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;
const FAILED = 3;

export class Checkpointer {
  readonly lanes: readonly CheckpointLane[];
  readonly #data: CheckpointWorkerData;
  #worker: Worker | null = null;

  constructor(jobs: readonly LaneJob[]) {
    assert(jobs.length <= LANES_MAX, 'there is memory for each lane');
    this.#data = { jobs, memory: new SharedArrayBuffer(MEMORY_BYTES) };
    const start = (): void => this.#start();
    this.lanes = jobs.map((_, index) => new CheckpointLane(this.#data.memory, index, start));
  }

  /** The thread starts with the first request: most logs are small for a long time. */
  #start(): void {
    if (this.#worker !== null) return;
    const url = new URL('./checkpoint-worker.ts', import.meta.url);
    this.#worker = new Worker(url, { workerData: this.#data, name: 'checkpoint' });
    // A thread that dies stays busy for good, and the writer then does without it (wal-keeper.ts).
    this.#worker.on('error', () => {});
    this.#worker.unref();
  }
}

/** One file's place in the shared memory, seen from both sides. */
export class LaneWords {
  readonly #words: Int32Array;
  readonly #text: Uint8Array;
  readonly #at: number;

  constructor(memory: SharedArrayBuffer, index: number) {
    this.#words = new Int32Array(memory, 0, 1 + LANES_MAX * LANE_WORDS);
    this.#text = new Uint8Array(memory, TEXT_AT, TEXT_BYTES);
    this.#at = 1 + index * LANE_WORDS;
  }

  get requested(): number {
    return Atomics.load(this.#words, this.#at);
  }

  get done(): number {
    return Atomics.load(this.#words, this.#at + 1);
  }

  set done(value: number) {
    Atomics.store(this.#words, this.#at + 1, value);
    Atomics.notify(this.#words, this.#at + 1);
  }

  get state(): number {
    return Atomics.load(this.#words, this.#at + 2);
  }

  set state(value: number) {
    Atomics.store(this.#words, this.#at + 2, value);
    Atomics.notify(this.#words, this.#at + 2);
  }

  request(): void {
    Atomics.add(this.#words, this.#at, 1);
    this.wake();
  }

  wake(): void {
    Atomics.add(this.#words, WAKE, 1);
    Atomics.notify(this.#words, WAKE);
  }

  /** Waits until everything that was asked for is done; whether it came in time. */
  awaitDone(timeoutMs: number): boolean {
    const done = this.done;
    if (done === this.requested) return true;
    return Atomics.wait(this.#words, this.#at + 1, done, timeoutMs) !== 'timed-out';
  }

  /** Waits until the state is no longer this one; whether that came in time. */
  awaitOtherThan(state: number, timeoutMs: number): boolean {
    return Atomics.wait(this.#words, this.#at + 2, state, timeoutMs) !== 'timed-out';
  }

  get reason(): string {
    const copy = this.#text.slice();
    const end = copy.indexOf(0);
    return new TextDecoder().decode(copy.subarray(0, end < 0 ? copy.length : end));
  }

  fail(reason: string): void {
    const bytes = new TextEncoder().encode(reason).subarray(0, TEXT_BYTES);
    this.#text.fill(0);
    this.#text.set(bytes);
    this.state = FAILED;
  }
}

/** The writer's side of one file. */
export class CheckpointLane {
  readonly #words: LaneWords;
  readonly #start: () => void;
  #started = false;

  constructor(memory: SharedArrayBuffer, index: number, start: () => void) {
    this.#words = new LaneWords(memory, index);
    this.#start = start;
  }

  /** Whether everything that was asked for is done. */
  get idle(): boolean {
    return this.#words.done === this.#words.requested;
  }

  /** Waits for the thread; whether it came in time. */
  awaitIdle(timeoutMs: number): boolean {
    return this.#words.awaitDone(timeoutMs);
  }

  /** @throws Error where the thread met an error: what is on disk then is not known. */
  check(): void {
    if (this.#words.state === FAILED) throw new Error(`in the background: ${this.#words.reason}`);
  }

  /** Asks for the lane's job, once more if it is being done. */
  request(): void {
    this.#start();
    this.#started = true;
    this.#words.request();
  }

  /** Returns when the thread has let go of the file. */
  close(): void {
    if (!this.#started || this.#words.state !== OPEN) {
      if (this.#words.state === OPEN) this.#words.state = CLOSED;
      return;
    }
    this.#words.state = CLOSING;
    this.#words.wake();
    this.#words.awaitOtherThan(CLOSING, JOURNAL.copierStopMsMax);
  }
}

/** What the thread does for one lane. */
export interface Chore {
  run(): void;
  close(): void;
}

/** The thread's side: does what is asked for until every lane is closed or has failed. */
export function serveLanes(data: CheckpointWorkerData, open: (job: LaneJob) => Chore): void {
  const wake = new Int32Array(data.memory, 0, 1);
  const lanes = data.jobs.map((job, index) => new LaneServer(data.memory, index, () => open(job)));
  for (;;) {
    const seen = Atomics.load(wake, 0);
    // Every lane is served, also when an earlier one is done for good.
    const inUse = lanes.filter((lane) => lane.serve()).length;
    if (inUse === 0) return;
    Atomics.wait(wake, 0, seen);
  }
}

class LaneServer {
  readonly #words: LaneWords;
  readonly #open: () => Chore;
  #chore: Chore | null = null;

  constructor(memory: SharedArrayBuffer, index: number, open: () => Chore) {
    this.#words = new LaneWords(memory, index);
    this.#open = open;
  }

  /** Does what is asked for; whether more may come. */
  serve(): boolean {
    try {
      if (this.#words.state === CLOSING) {
        this.#chore?.close();
        this.#words.state = CLOSED;
      }
      if (this.#words.state !== OPEN) return false;
      const requested = this.#words.requested;
      if (requested === this.#words.done) return true;
      this.#chore ??= this.#open();
      this.#chore.run();
      this.#words.done = requested;
      return true;
    } catch (error) {
      this.#words.fail(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
