/**
 * A process that appends until something stops it. It says what is committed, line by line, so
 * that a test can kill it and compare. Usage: node appending-child.ts FOLDER BATCHES RECORD_BYTES
 */
import { writeSync } from 'node:fs';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { appendNext } from './fixture.ts';

const [folder = '', batches = '0', recordBytes = '100'] = process.argv.slice(2);
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const { journal, state } = openShardStorage(folder, 0);
say({ opened: journal.head.seq });
try {
  for (let i = 0; i < Number(batches); i++) {
    const record = `${journal.head.seq + 1} `.padEnd(Number(recordBytes), '.');
    appendNext(journal, { records: [record, record] });
    if (i % 20 === 0) {
      const appliedSeq = journal.committedSeq;
      const bytes = Buffer.from(`state at ${appliedSeq}`);
      state.put([{ kind: 1, key: i % 50, part: 0, appliedSeq, bytes }]);
    }
    say({ committed: journal.committedSeq });
  }
  state.close();
  journal.close();
  say({ closed: journal.committedSeq });
} catch (error) {
  const again = tryAgain();
  const { name, cause } = error as Error;
  say({ failed: name, cause: cause instanceof Error ? cause.message : null, again });
}

function tryAgain(): string {
  try {
    appendNext(journal);
    return 'taken';
  } catch (error) {
    return (error as Error).name;
  }
}
