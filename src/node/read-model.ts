/**
 * The main thread's side of the read model: the projector that writes it and the thread that
 * answers questions. Neither is in the way of a bid, so where one of them dies it is brought back a
 * while later, and nothing else stops.
 */
import { Worker } from 'node:worker_threads';
import type { CategoryTree } from '../auction/categories.ts';
import { DISCOVERY } from '../config/limits.ts';
import type { DiscoveryPort, Found } from '../gateway/discovery-port.ts';
import type { Log } from '../lib/log.ts';
import type { Question } from '../projection/questions.ts';
import type { DiscoveryWorkerData, FromDiscovery, ToDiscovery } from './discovery-worker.ts';
import type { FromProjector, ProjectorWorkerData } from './projector-worker.ts';
import { ReadModelStatus } from './read-model-status.ts';
import { ShardStatus } from './shard-status.ts';

export interface ReadModelOptions {
  readonly folder: string;
  /** The operator's; empty: there is none. */
  readonly categories: CategoryTree;
  readonly epoch: number;
  readonly shardStatuses: readonly SharedArrayBuffer[];
  readonly log: Log;
}

export class ReadModel implements DiscoveryPort {
  readonly #options: ReadModelOptions;
  readonly #shards: readonly ShardStatus[];
  readonly #memory: SharedArrayBuffer;
  readonly #status: ReadModelStatus;
  readonly #waiting = new Map<number, (found: Found) => void>();
  #projector: Worker | null = null;
  /** Also when it has ended before it was asked to, or is asked twice. */
  #projectorEnded: Promise<void> = Promise.resolve();
  #answering: Worker | null = null;
  #restart: NodeJS.Timeout | null = null;
  #startedMs = 0;
  /** Waited before the newest start. */
  #waitMs = 0;
  #questions = 0;
  #isStopping = false;

  constructor(options: ReadModelOptions) {
    this.#options = options;
    this.#shards = options.shardStatuses.map((memory) => new ShardStatus(memory));
    this.#memory = new SharedArrayBuffer(ReadModelStatus.bytes(this.#shards.length));
    this.#status = new ReadModelStatus(this.#memory);
  }

  /** The shards have recovered: their logs are there. */
  start(): void {
    const { folder, epoch, shardStatuses, log } = this.#options;
    this.#startedMs = performance.now();
    const shards = shardStatuses.length;
    const status = this.#memory;
    const workerData: ProjectorWorkerData = { folder, epoch, shards, shardStatuses, status };
    const worker = new Worker(new URL('./projector-worker.ts', import.meta.url), {
      workerData,
      name: 'projector',
    });
    this.#projector = worker;
    const { promise, resolve: ended } = Promise.withResolvers<void>();
    this.#projectorEnded = promise;
    let reason = 'the thread ended without a word';
    worker.on('message', ({ startsOver }: FromProjector) => {
      if (this.#isStopping) return;
      if (startsOver !== null) {
        log.info({ reason: startsOver }, 'making the read model anew from the logs');
      }
      this.#startAnswering();
    });
    worker.on('error', (error) => (reason = (error as Error).message));
    worker.on('exit', () => {
      ended();
      if (worker === this.#projector && !this.#isStopping) this.#again('projector', reason);
    });
  }

  ask(question: Question): Promise<Found> {
    const worker = this.#answering;
    if (worker === null) return Promise.resolve({ fault: 'not ready' });
    if (this.#waiting.size >= DISCOVERY.questionsMax) {
      return Promise.resolve({ fault: 'overloaded' });
    }
    const id = ++this.#questions;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ id, question } satisfies ToDiscovery);
    });
  }

  lag(nowUs: number): readonly { readonly records: number; readonly seconds: number }[] {
    return this.#shards.map(({ committedSeq }, shard) => {
      const records = Math.max(0, committedSeq - this.#status.seq(shard));
      const seconds = records === 0 ? 0 : (nowUs - this.#status.atUs(shard)) / 1e6;
      return { records, seconds: Math.max(0, seconds) };
    });
  }

  /** Lets go of the files. What is not in the read model yet comes in at the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#stopAnswering();
    this.#projector?.postMessage('stop');
    await this.#projectorEnded;
  }

  #startAnswering(): void {
    const { folder, categories } = this.#options;
    const workerData: DiscoveryWorkerData = { folder, categories };
    const worker = new Worker(new URL('./discovery-worker.ts', import.meta.url), {
      workerData,
      name: 'discovery',
    });
    this.#answering = worker;
    let reason = 'the thread ended without a word';
    worker.on('message', (answer: FromDiscovery) => this.#answered(answer));
    worker.on('error', (error) => (reason = (error as Error).message));
    worker.on('exit', () => {
      if (worker === this.#answering && !this.#isStopping) this.#again('discovery', reason);
    });
  }

  #stopAnswering(): void {
    void this.#answering?.terminate();
    this.#answering = null;
    for (const resolve of this.#waiting.values()) resolve({ fault: 'not ready' });
    this.#waiting.clear();
  }

  #answered(answer: FromDiscovery): void {
    const resolve = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('json' in answer) return resolve?.({ json: answer.json });
    if (answer.fault === 'failed') {
      this.#options.log.error({ reason: answer.message }, 'a question to the read model failed');
    }
    resolve?.({ fault: answer.fault });
  }

  /**
   * Both are started again: the file may be a new one. Each time later, because what they die of
   * (a damaged record of a log) may stay until somebody mends it.
   */
  #again(thread: string, reason: string): void {
    const livedMs = performance.now() - this.#startedMs;
    const isNew = this.#waitMs === 0 || livedMs > DISCOVERY.restartMsMax;
    this.#waitMs = isNew ? DISCOVERY.restartMs : Math.min(2 * this.#waitMs, DISCOVERY.restartMsMax);
    this.#options.log.error(
      { thread, reason, waitMs: this.#waitMs },
      'a thread of the read model died; bids go on, lists stand still until it is back; where the ' +
        'reason is damage: gavel verify',
    );
    this.#stopAnswering();
    void this.#projector?.terminate();
    this.#projector = null;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = setTimeout(() => {
      if (!this.#isStopping) this.start();
    }, this.#waitMs);
  }
}
