/**
 * Fills a shard's folder, to be watched from outside: three runs that each open the files, decide
 * and commit bids, snapshot and close. Before each answer would leave, the number of its record is
 * written to the file of acknowledgements.
 *
 *   node power-cut-child.ts FOLDER ACKS FULL|NORMAL
 */
import { openSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';
import { ShardFixture } from '../shard/fixture.ts';

/** Connections that believe they are set to FULL. */
const fooled = new WeakSet<object>();
const RUNS = 3;
const BIDS = 40;

const [folder = '', acksFile = '', mode = 'FULL'] = process.argv.slice(2);
if (mode === 'NORMAL') forgetFull();
const acks = openSync(acksFile, 'a');
for (let run = 0; run < RUNS; run++) {
  const { journal, state } = openShardStorage(folder, 0);
  const fixture = new ShardFixture({ journal, store: state });
  if (run === 0) fixture.list();
  const snapshotter = new Snapshotter(fixture.state, state);
  for (let i = 0; i < BIDS; i++) {
    const answer = fixture.bid(1 + (i % 3), 10_000 + (run * BIDS + i) * 1_000, {
      nonce: `run-${run}-bid-${i}`,
    });
    writeSync(acks, `${answer.record}\n`);
    if (i === BIDS / 2) snapshotter.begin(journal.committedSeq);
    snapshotter.slice(journal.committedSeq);
  }
  state.close();
  journal.close();
}

/** The control: a build that leaves SQLite's default on, and says that it had not. */
function forgetFull(): void {
  const { prototype } = Database as unknown as {
    prototype: { pragma(text: string, options?: object): unknown };
  };
  const real = prototype.pragma;
  prototype.pragma = function (text, options) {
    const said = text === 'synchronous' && fooled.has(this) ? 2 : undefined;
    if (text === 'synchronous = FULL') fooled.add(this);
    return (
      said ?? real.call(this, text.replace('synchronous = FULL', 'synchronous = NORMAL'), options)
    );
  };
}
