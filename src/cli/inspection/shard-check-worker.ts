/** Entry of the thread that checks one shard: says how far it is, then what it found, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../../lib/assert.ts';
import { asCliError } from '../cli-error.ts';
import type { ExitCode } from '../exit-codes.ts';
import { checkShardOf } from './folder-check.ts';
import type { ShardCheck } from './shard-check.ts';

export interface ShardCheckData {
  readonly folder: string;
  readonly index: number;
}

export type TimedCheck = ShardCheck & { readonly tookMs: number };

export type FromShardCheck =
  | { readonly kind: 'progress'; readonly seq: number; readonly lastSeq: number }
  | { readonly kind: 'checked'; readonly check: TimedCheck }
  | {
      readonly kind: 'failed';
      readonly exitCode: ExitCode;
      readonly what: string;
      readonly next: string;
    };

/** A message is drawn by a person's eye, not by each batch. */
const PROGRESS_MS = 100;

const { folder, index } = workerData as ShardCheckData;
const port = must(parentPort, 'a check has a parent');
const say = (message: FromShardCheck): void => port.postMessage(message);

const startedMs = performance.now();
let toldMs = startedMs;
try {
  const check = checkShardOf(folder, index, (seq, lastSeq) => {
    const nowMs = performance.now();
    if (nowMs - toldMs < PROGRESS_MS) return;
    toldMs = nowMs;
    say({ kind: 'progress', seq, lastSeq });
  });
  const tookMs = Math.round(performance.now() - startedMs);
  say({ kind: 'checked', check: { ...check, tookMs } });
} catch (error) {
  const { exitCode, message, next } = asCliError(error);
  say({ kind: 'failed', exitCode, what: message, next });
}
