/**
 * Reports on auctions, and the script in the docs that checks them: honest ones pass, whatever the
 * history; every single change is found; and so are lies that the server signed itself.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CloseReport, Entry } from '../../src/receipt/close-report.ts';
import { closeReport, NoReport, reportFile, reportText } from '../../src/receipt/close-report.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { signCompact, signDetached } from '../../src/receipt/signature.ts';
import type { Below } from '../server/harness.ts';
import { LONG, randomFrom, root, seedOfRun } from '../server/harness.ts';
import { AUCTION, SELLER, ShardFixture, START_MS } from '../shard/fixture.ts';
import type { History } from './history.ts';
import { OTHER, playHistory, reportOf, statementText } from './history.ts';
import { makeKey } from './office.ts';

const SCRIPT = join(root, 'docs/examples/check-report.mjs');
const key = makeKey();
const folder = mkdtempSync(join(tmpdir(), 'gavel-report-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const keysFile = join(folder, 'keys.json');
writeFileSync(keysFile, JSON.stringify({ keys: [key.publicJwk] }));
let files = 0;
const HONEST = LONG ? 1_000 : 60;

async function signed(report: CloseReport): Promise<string> {
  return reportFile(report, await signDetached('gavel-report', reportText(report), key));
}

/** What the script says of a report and receipts. */
function checked(
  report: string | Buffer,
  receipts: readonly string[] = [],
): Promise<{ readonly ok: boolean; readonly said: string }> {
  const write = (name: string, content: string | Buffer): string => {
    const path = join(folder, `${(files += 1)}-${name}`);
    writeFileSync(path, content);
    return path;
  };
  const paths = receipts.map((receipt) => write('receipt.txt', `${receipt}\n`));
  const args = [SCRIPT, write('report.json', report), keysFile, ...paths];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, out, errors) => {
      if (error !== null && error.code !== 1) reject(error);
      // It is a finding and not a crash of the script: that says WRONG as well.
      else if (error === null || errors.includes('WRONG: ')) {
        resolve({ ok: error === null, said: out + errors });
      } else reject(new Error(errors));
    });
  });
}

/** A few at a time: each is a process. */
async function inTurn<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item);
  };
  await Promise.all([lane(), lane(), lane()]);
}

function receiptsOf({ shard, bids }: History): Promise<string[]> {
  return Promise.all(
    bids.map(({ record, user }) => {
      const text = statementText(shard, user, record, key);
      assert.ok(text !== null);
      return signCompact('gavel-receipt', text, key);
    }),
  );
}

test('the script has fewer than 100 lines and needs nothing but Node', () => {
  const text = readFileSync(SCRIPT, 'utf8');
  assert.ok(text.trimEnd().split('\n').length < 100);
  const imports = Array.from(text.matchAll(/from '([^']+)'/g), ([, from]) => from);
  assert.deepEqual(imports, ['node:crypto', 'node:fs']);
});

test(`honest reports pass with every receipt of their bidders: ${HONEST} histories`, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const seeds = Array.from({ length: HONEST }, (_, i) => seed + i);
  await inTurn(seeds, async (one) => {
    const history = playHistory(randomFrom(one));
    const report = reportOf(history.shard, key);
    const last = report.entries.at(-1)?.record ?? 0;
    const inTime = { ...history, bids: history.bids.filter(({ record }) => record < last) };
    const { ok, said } = await checked(await signed(report), await receiptsOf(inTime));
    assert.ok(ok, `seed ${one}: ${said}`);
  });
});

test('a report holds every command in the order of the log, and hides what is hidden', () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 100; seed++) {
    const { shard, bids } = playHistory(randomFrom(seed));
    const report = reportOf(shard, key);
    for (const { kind } of report.entries) kinds.add(kind);
    kinds.add(report.result.status);
    const last = report.entries.at(-1)?.record ?? 0;
    const told = report.entries.filter(({ kind }) => /^(bid|buy_now|retract|refused)$/.test(kind));
    assert.deepEqual(
      told.map(({ record }) => record),
      bids.map(({ record }) => record).filter((record) => record < last),
    );
    const text = reportText(report);
    assert.doesNotMatch(text, /user-|amountCents|nonce|reserveCents/);
  }
  const all =
    'listed changed started bid buy_now retract refused extended ended cancelled sold unsold';
  assert.deepEqual([...kinds].toSorted(), all.split(' ').toSorted());
});

test('there is no report on an auction that is unknown, not over, or too long', () => {
  const shard = new ShardFixture();
  shard.list();
  shard.bid(1, 2_000);
  const reasonOf = (auctionId: string, entriesMax = 10): string => {
    try {
      closeReport(shard.journal.scan(1 as Seq), {
        auctionId,
        shard: 0,
        entriesMax,
        seal: key.seal,
      });
    } catch (error) {
      assert.ok(error instanceof NoReport);
      return error.reason;
    }
    return 'none';
  };
  assert.equal(reasonOf(OTHER), 'unknown');
  assert.equal(reasonOf(AUCTION), 'not over');
  assert.equal(reasonOf(AUCTION, 1), 'too long');
  shard.tickAt(START_MS + 40 * 86_400_000);
  assert.equal(reasonOf(AUCTION), 'none');
});

/** One change of a file, by seed: of a byte, of a value, or of the entries as a whole. */
function changed(file: string, below: Below): Buffer {
  const bytes = Buffer.from(file);
  const at = below(bytes.length);
  switch (below(6)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << below(8));
      return bytes;
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(' '), bytes.subarray(at)]);
    case 3:
      return bytes.subarray(0, at);
    default:
      return Buffer.from(withOtherValue(file, below));
  }
}

function withOtherValue(file: string, below: Below): string {
  const value = JSON.parse(file) as { report: { entries: Record<string, unknown>[] } };
  const { entries } = value.report;
  const i = below(entries.length);
  const entry = entries[i] as Record<string, unknown>;
  const name = Object.keys(entry)[below(Object.keys(entry).length)] as string;
  switch (below(4)) {
    case 0:
      entries.splice(i, 1);
      break;
    case 1:
      entries.splice(i, 0, { ...entry });
      break;
    case 2:
      Reflect.deleteProperty(entry, name);
      break;
    default: {
      const old = entry[name];
      entry[name] = typeof old === 'number' ? old + 1 : old === true ? false : `${String(old)}x`;
    }
  }
  return `${JSON.stringify(value, null, 1)}\n`;
}

test('a report says what the seller said of the thing, and nothing where that is nothing', () => {
  const { shard } = playHistory(randomFrom(11));
  assert.deepEqual(reportOf(shard, key).item, { condition: 'used', country: 'DE' });
  const silent = new ShardFixture();
  silent.list();
  silent.ask(CANCEL_AUCTION, SELLER, { auctionId: AUCTION, how: 'cancel', asAdmin: false });
  assert.ok(!('item' in reportOf(silent, key)));
});

test('each of 200 single changes of a report is found', { timeout: 120_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const file = await signed(reportOf(playHistory(randomFrom(11)).shard, key));
  assert.ok((await checked(file)).ok);
  const seeds = Array.from({ length: 200 }, (_, i) => seed + i);
  await inTurn(seeds, async (one) => {
    const other = changed(file, randomFrom(one));
    assert.ok(!other.equals(Buffer.from(file)));
    assert.ok(!(await checked(other)).ok, `seed ${one}`);
  });
});

/** A history with everything that a lie may be about. */
function richReport(): { history: History; report: CloseReport } {
  for (let seed = 1; ; seed++) {
    const history = playHistory(randomFrom(seed));
    const report = reportOf(history.shard, key);
    const count = (kind: string): number => report.entries.filter((e) => e.kind === kind).length;
    const { rules, result } = report;
    const isRich = rules.format === 'proxy' && result.status === 'sold' && count('extended') > 1;
    if (isRich && count('bid') > 5 && count('buy_now') === 0) return { history, report };
  }
}

type Lie = (entries: Entry[], report: CloseReport) => CloseReport | undefined;

const change = (entries: Entry[], at: number, over: Partial<Entry>): undefined => {
  entries[at] = { ...(entries[at] as Entry), ...over } as Entry;
};
const lastOf = (entries: readonly Entry[], kind: string): number =>
  entries.findLastIndex((entry) => entry.kind === kind);

/** What a server could sign although it is not so, and what the script says. */
const LIES: readonly (readonly [name: string, said: RegExp, lie: Lie])[] = [
  ['a bid is left out', /an update is missing/, (e) => void e.splice(lastOf(e, 'bid'), 1)],
  ['two change places', /out of order/, (e) => void e.splice(3, 2, e[4] as Entry, e[3] as Entry)],
  [
    'another wins',
    /another winner|result/,
    (e, report) => {
      const winner = report.result.winner === 'b1' ? 'b2' : 'b1';
      change(e, e.length - 1, { winner });
      return { ...report, result: { ...report.result, winner } };
    },
  ],
  [
    'another price',
    /another winner or price/,
    (e, report) => {
      const priceCents = (report.result.priceCents ?? 0) + 500;
      change(e, e.length - 1, { priceCents });
      return { ...report, result: { ...report.result, priceCents } };
    },
  ],
  ['ended early', /ended too early/, (e) => change(e, e.length - 1, { atUs: e.at(-2)?.atUs ?? 0 })],
  [
    'no extension',
    /the end moves after a late bid/,
    (e) => void e.splice(lastOf(e, 'extended'), 1),
  ],
  [
    'the end was moved',
    /the end is not where/,
    (e) => change(e, lastOf(e, 'bid'), { endsAtMs: Number(e.at(-1)?.atUs) }),
  ],
  [
    'the price fell',
    /the price is not where/,
    (e) => change(e, lastOf(e, 'bid'), { priceCents: 1 }),
  ],
  ['a stranger leads', /who leads/, (e) => change(e, lastOf(e, 'bid'), { leader: 'b77' })],
  [
    'two histories',
    /off the chain/,
    (e) =>
      change(e, 2, { lastRecord: e[1]?.lastRecord as number, record: e[1]?.lastRecord as number }),
  ],
  [
    'another status',
    /the result/,
    (_, report) => ({ ...report, result: { ...report.result, status: 'unsold' } }),
  ],
];

test('lies that the server signed are found by what they contradict', async () => {
  const { report } = richReport();
  assert.ok((await checked(await signed(report))).ok);
  for (const [name, expected, lie] of LIES) {
    const entries = report.entries.map((entry) => ({ ...entry }));
    const other = lie(entries, report) ?? report;
    const { ok, said } = await checked(await signed({ ...other, entries }));
    assert.ok(!ok, name);
    assert.match(said, expected, name);
  }
});

test('a bid that the server left out without a trace is found by its receipt', async () => {
  const { history, report } = richReport();
  const lost = report.entries.findIndex(({ kind }) => kind === 'refused');
  assert.ok(lost > 0);
  const { record } = report.entries[lost] as Entry;
  const without = { ...report, entries: report.entries.filter((_, i) => i !== lost) };
  assert.ok((await checked(await signed(without))).ok, 'a refused bid has no update');
  const bid = history.bids.find((one) => one.record === record);
  assert.ok(bid !== undefined);
  const [receipt = ''] = await receiptsOf({ ...history, bids: [bid] });
  assert.ok((await checked(await signed(report), [receipt])).ok);
  const { ok, said } = await checked(await signed(without), [receipt]);
  assert.ok(!ok);
  assert.match(said, /the report has another/);
});

test('a maximum that the server ignored is found by its receipt', async () => {
  const { history, report } = richReport();
  const leading = report.entries.filter(
    ({ kind, leader, bidder }) => kind === 'bid' && leader === bidder,
  );
  const bid = leading.at(-2) as Entry;
  const { user } = history.bids.find((one) => one.record === bid.record) ?? { user: 0 };
  const text = statementText(history.shard, user, bid.record, key) ?? '';
  const more = { ...(JSON.parse(text) as object), amountCents: 1_000_000 };
  const receipt = await signCompact('gavel-receipt', JSON.stringify(more), key);
  const { ok, said } = await checked(await signed(report), [receipt]);
  assert.ok(!ok);
  assert.match(said, /another led at less than its amount/);
});

test('a report and a receipt of two histories contradict each other', async () => {
  const { history, report } = richReport();
  const [receipt = ''] = await receiptsOf({ ...history, bids: history.bids.slice(0, 1) });
  const chainSeal = '0'.repeat(64);
  const { record } = history.bids[0] ?? { record: 0 };
  const at = report.entries.findIndex((entry) => entry.record === record);
  const { lastRecord } = report.entries[at] as Entry;
  const entries = report.entries.map((entry) =>
    entry.lastRecord === lastRecord ? { ...entry, chainSeal } : entry,
  );
  const { said } = await checked(await signed({ ...report, entries }), [receipt]);
  assert.match(said, /the report has another chainSeal/);
});
