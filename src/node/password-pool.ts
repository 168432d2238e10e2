/**
 * Hashes passwords on a few threads of low priority, with a bounded queue: a hash takes 128 MB and a
 * third of a second, so a storm of logins is refused early and never slows a bid.
 */
import { Worker } from 'node:worker_threads';
import type { HashPassword, ScryptParameters } from '../account/password.ts';
import { ACCOUNTS } from '../config/limits.ts';
import { must } from '../lib/assert.ts';

export interface HashJob {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly parameters: ScryptParameters;
}

interface Waiting {
  readonly job: HashJob;
  readonly resolve: (hash: Uint8Array) => void;
}

export class PasswordPool {
  /** Started when they are first needed. */
  readonly #threads: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #failed: (error: Error) => void;

  /** @param failed a thread died; what it had to hash is never answered. */
  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  readonly hash: HashPassword = (password, salt, parameters) => {
    if (this.#waiting.length >= ACCOUNTS.hashesWaitingMax) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push({ job: { password, salt, parameters }, resolve });
      this.#next();
    });
  };

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const thread = this.#idle.pop() ?? this.#start();
    if (thread === undefined) return;
    const waiting = must(this.#waiting.shift(), 'somebody waits');
    this.#busy.set(thread, waiting);
    thread.postMessage(waiting.job);
  }

  #start(): Worker | undefined {
    if (this.#threads.length >= ACCOUNTS.hashesAtOnce) return undefined;
    const thread = new Worker(new URL('./password-worker.ts', import.meta.url), {
      name: `password-${this.#threads.length}`,
    });
    thread.on('message', (hash: Uint8Array) => {
      const { resolve } = must(this.#busy.get(thread), 'a hash was asked for');
      this.#busy.delete(thread);
      this.#idle.push(thread);
      resolve(Uint8Array.from(hash));
      this.#next();
    });
    thread.on('error', (error) => this.#failed(error as Error));
    this.#threads.push(thread);
    return thread;
  }
}
