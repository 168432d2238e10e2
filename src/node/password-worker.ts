/**
 * Entry of a thread that hashes passwords, one at a time. It gives way to the threads that decide
 * bids: on Linux a thread has a niceness of its own.
 */
import { scryptSync } from 'node:crypto';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { HASH_BYTES } from '../account/password.ts';
import { ACCOUNTS, MB } from '../config/limits.ts';
import { must } from '../lib/assert.ts';
import type { HashJob } from './password-pool.ts';

const port = must(parentPort, 'a password worker has a parent');
// Elsewhere this would slow the whole process.
if (process.platform === 'linux') setPriority(0, ACCOUNTS.hashNiceness);

port.on('message', ({ password, salt, parameters }: HashJob) => {
  const { logN, r, p } = parameters;
  const N = 2 ** logN;
  const maxmem = 128 * N * r + 32 * MB;
  port.postMessage(scryptSync(password, salt, HASH_BYTES, { N, r, p, maxmem }));
});
