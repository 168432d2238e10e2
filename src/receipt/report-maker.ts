/** Makes the signed report on an auction from the files of a data folder; a server may be running. */
import { shardFiles } from '../journal/data-folder.ts';
import { openSqliteJournalForReading } from '../journal/sqlite-journal.ts';
import type { CloseReport, ReportRequest } from './close-report.ts';
import { closeReport, reportFile, reportText } from './close-report.ts';
import { readReceiptKey } from './key-file.ts';
import { signDetached } from './signature.ts';

/** @throws NoReport, UnusableKey, DamagedJournal */
export async function makeReport(folder: string, request: ReportFolderRequest): Promise<string> {
  const key = readReceiptKey(folder);
  const log = openSqliteJournalForReading(shardFiles(folder, request.shard));
  let report: CloseReport;
  try {
    report = closeReport(log.scan(log.firstSeqAt(request.sinceUs)), { ...request, seal: key.seal });
  } finally {
    log.close();
  }
  return reportFile(report, await signDetached('gavel-report', reportText(report), key));
}

export interface ReportFolderRequest extends Omit<ReportRequest, 'seal'> {
  /** The auction was not listed before this; 0 where that is not known. */
  readonly sinceUs: number;
}
