/** Entry of the thread that makes one report: reads its part of the log, signs, says it, ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../lib/assert.ts';
import { NoReport } from '../receipt/close-report.ts';
import { makeReport } from '../receipt/report-maker.ts';
import type { FromReport, ReportWorkerData } from './receipt-office.ts';

const { folder, request } = workerData as ReportWorkerData;
const say = (message: FromReport): void =>
  must(parentPort, 'a report worker has a parent').postMessage(message);

try {
  say({ file: await makeReport(folder, request) });
} catch (error) {
  if (!(error instanceof NoReport && error.reason === 'too long')) throw error;
  say('too long');
}
