/**
 * Receipts and reports of a node: the key, and the thread that makes reports. Signatures take a
 * thread of the pool and tens of microseconds; a report reads a part of the log, so there is one
 * at a time, on a thread of its own, and few may wait.
 */
import { Worker } from 'node:worker_threads';
import { REPORTS } from '../config/limits.ts';
import type { ReceiptOffice, ReportOutcome } from '../receipt/office.ts';
import type { ReportFolderRequest } from '../receipt/report-maker.ts';
import type { SigningKey } from '../receipt/signature.ts';
import { signCompact } from '../receipt/signature.ts';
import { sealedText } from '../receipt/statement.ts';
import { must } from '../lib/assert.ts';

export interface ReportWorkerData {
  readonly folder: string;
  readonly request: ReportFolderRequest;
}

export type FromReport = Exclude<ReportOutcome, 'busy'>;

export class NodeReceiptOffice implements ReceiptOffice {
  readonly publicKeys: ReceiptOffice['publicKeys'];
  readonly #folder: string;
  readonly #key: SigningKey;
  /** The one that is being made, with those that wait behind it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param keys the first one signs. */
  constructor(folder: string, keys: readonly SigningKey[]) {
    this.#folder = folder;
    this.#key = must(keys[0], 'a data folder has a key');
    this.publicKeys = keys.map(({ publicJwk }) => publicJwk);
  }

  sign(unsealed: string): Promise<string> {
    const { seal } = this.#key;
    return signCompact('gavel-receipt', sealedText(unsealed, seal), this.#key);
  }

  async report(auctionId: string, shard: number, sinceUs: number): Promise<ReportOutcome> {
    if (this.#waiting >= REPORTS.waitingMax) return 'busy';
    this.#waiting += 1;
    const { entriesMax } = REPORTS;
    const request = { auctionId, shard, sinceUs, entriesMax };
    const made = this.#last.then(() => makeOnThread({ folder: this.#folder, request }));
    this.#last = made.catch(() => undefined);
    try {
      return await made;
    } finally {
      this.#waiting -= 1;
    }
  }
}

function makeOnThread(workerData: ReportWorkerData): Promise<FromReport> {
  return new Promise((resolve, reject) => {
    const url = new URL('./report-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData, name: 'report' });
    // A node that stops does not wait for it: a report changes nothing.
    worker.unref();
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the report's thread ended with code ${code}`)));
  });
}
