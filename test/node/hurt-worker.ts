/**
 * A shard's thread with something wrong in it: a frame that names a certain nonce makes it throw,
 * spin, exit or run out of memory, as a bug of the rules would. All else is the real thread.
 */
import { workerData } from 'node:worker_threads';
import { CommitFailure } from '../../src/journal/journal.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { must } from '../../src/lib/assert.ts';
import type { ShardWorkerData } from '../../src/node/shard-messages.ts';
import { Shard } from '../../src/shard/shard.ts';

const { folder } = workerData as ShardWorkerData;
let failsToCommit = false;
let failsToClose = false;

const WAYS: Readonly<Record<string, () => void>> = {
  'deadly-throw': () => {
    throw new TypeError('simulated: a bug in the rules');
  },
  'deadly-spin': () => {
    for (;;);
  },
  'deadly-commit': () => {
    failsToCommit = true;
  },
  'deadly-close': () => {
    failsToClose = true;
  },
  'deadly-exit': () => process.exit(3),
  'deadly-hoard': () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1_000_000 }, () => hoard.length));
  },
};

type Method<Name extends 'take' | 'tick' | 'commit'> = (
  this: Shard,
  ...args: Parameters<Shard[Name]>
) => void;
const take = Reflect.get(Shard.prototype, 'take') as Method<'take'>;
const commit = Reflect.get(Shard.prototype, 'commit') as Method<'commit'>;
const tick = Reflect.get(Shard.prototype, 'tick') as Method<'tick'>;

Shard.prototype.take = function hurt(...args): void {
  const [, , , bytes, from = 0, to = bytes.length] = args;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
  for (const way of Object.keys(WAYS)) if (text.includes(way)) must(WAYS[way], 'a way')();
  take.apply(this, args);
};

/** A bug that the clock finds. */
Shard.prototype.tick = function hurt(...args): void {
  if (folder.endsWith('dies-of-ticks')) throw new TypeError('simulated: a bug in the clock');
  tick.apply(this, args);
};

Shard.prototype.commit = function hurt(): void {
  if (failsToCommit) throw new CommitFailure('simulated: the disk failed');
  commit.apply(this);
};

const close = SqliteJournal.prototype.close;
SqliteJournal.prototype.close = function hurt(): void {
  close.apply(this);
  if (failsToClose) throw new TypeError('simulated: a bug in the stop');
};

await import('../../src/node/shard-worker.ts');
