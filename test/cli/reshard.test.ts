/**
 * Goal: with another number of shards every auction has had the same things happen to it, in the same
 * order, and repeated commands get the answers of before. Method: random histories on some shards,
 * dealt out anew; what each log says of each auction, with ids in place of numbers, has to be equal,
 * there and back; and the real program killed while it works.
 *
 *   GAVEL_TEST_SEED=n repeats a run's choices, GAVEL_TEST_LONG=1 plays 400 histories in place of 10.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { ShardEvent } from '../../src/auction/events.ts';
import { lockDataFolder, openDataFolder, readFolderMeta } from '../../src/journal/data-folder.ts';
import { readRecord } from '../../src/journal/record.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { ADD_TO_DESCRIPTION } from '../../src/protocol/messages/add-to-description.ts';
import { BLOCK_BIDDER } from '../../src/protocol/messages/block-bidder.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RELIST_AUCTION } from '../../src/protocol/messages/relist-auction.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { loadOrCreateReceiptKeys } from '../../src/receipt/key-file.ts';
import { signCompact } from '../../src/receipt/signature.ts';
import { HashRing, hashText } from '../../src/routing/hash-ring.ts';
import { openLog } from '../../src/cli/inspection/shard-reading.ts';
import { statementText } from '../receipt/history.ts';
import type { Below } from '../server/harness.ts';
import { LONG, randomFrom, root, seedOfRun } from '../server/harness.ts';
import { AUCTION, auctionId, NO_CHANGES, SELLER, ShardFixture } from '../shard/fixture.ts';
import type { Ran } from './fake-terminal.ts';
import { gavel } from './fake-terminal.ts';

const HISTORIES = LONG ? 400 : 10;
const KILLS = LONG ? 60 : 8;
const AUCTIONS = 7;
const COMMANDS = 60;
const USERS = 6;

/** A command as it was sent, and what was answered. */
interface Asked {
  readonly auction: string;
  readonly user: number;
  readonly message: typeof PLACE_BID | typeof RETRACT | typeof BUY_NOW;
  readonly fields: object;
  readonly answer: Readonly<Record<string, unknown>>;
}

class Market {
  readonly folder: string;
  readonly asked: Asked[] = [];
  readonly #below: Below;
  #nonces = 0;

  constructor(folder: string, shards: number, below: Below) {
    this.folder = folder;
    this.#below = below;
    openDataFolder(folder, { shards, shardsDefault: shards, nowMs: 1 });
    loadOrCreateReceiptKeys(folder);
  }

  /** What a server would do: each command to the shard that owns the auction. */
  play(commands: number): void {
    this.#withShards((shardOf) => {
      for (let i = 0; i < AUCTIONS; i++) {
        const format = this.#below(3) === 0 ? 'direct' : 'proxy';
        const listed = shardOf(auctionId(i)).list(
          { format, buyNowCents: this.#below(2) === 0 ? 90_000 : null },
          auctionId(i),
          SELLER + (i % 2),
        );
        assert.ok(['auction', 'refused'].includes(listed.name));
      }
      for (let i = 0; i < commands; i++) this.#command(shardOf);
    });
  }

  /** The same commands once more; the answers now. */
  repeated(some: readonly Asked[]): Asked['answer'][] {
    return this.#withShards((shardOf) =>
      some.map(({ auction, user, message, fields }) =>
        known(shardOf(auction).ask(message as typeof PLACE_BID, user, fields as never).fields),
      ),
    );
  }

  #command(shardOf: (auction: string) => ShardFixture): void {
    const below = this.#below;
    // One more than there are: a bid on an auction that nobody knows.
    const auction = auctionId(below(AUCTIONS + 1));
    const shard = shardOf(auction);
    const user = 1 + below(USERS);
    const choice = below(24);
    shard.nowUs += 1 + below(50_000_000);
    const on = { auctionId: auction };
    if (choice === 0) {
      const who = { userId: `user-${user}`, bidder: null, asAdmin: true };
      shard.ask(BLOCK_BIDDER, SELLER, { ...on, ...who, blocked: below(2) === 0 });
    } else if (choice === 1 && below(3) === 0) {
      shard.ask(CANCEL_AUCTION, SELLER, { ...on, how: 'cancel', asAdmin: true });
    } else if (choice === 2) {
      shard.tickAt(shard.nowUs / 1000 + below(3_600_000));
    } else if (choice === 3) {
      this.#ask(shard, auction, user, RETRACT, { ...on, nonce: this.#nonce() });
    } else if (choice === 4) {
      this.#ask(shard, auction, user, BUY_NOW, { ...on, nonce: this.#nonce() });
    } else if (choice === 5) {
      shard.ask(ADD_TO_DESCRIPTION, SELLER, { ...on, text: `Addition ${below(1_000)}` });
    } else if (choice === 6 && below(3) === 0) {
      shard.ask(CANCEL_AUCTION, SELLER, { ...on, how: 'cancel', asAdmin: true });
      const newAuctionId = this.#newIdOn(shard, shardOf);
      shard.ask(RELIST_AUCTION, SELLER, { ...on, newAuctionId, changes: NO_CHANGES });
    } else {
      const amountCents = 900 + below(20_000);
      const bid = shard.bidFields(amountCents, { ...on, nonce: this.#nonce(), confirm: true });
      this.#ask(shard, auction, user, PLACE_BID, bid);
    }
  }

  #ask(
    shard: ShardFixture,
    auction: string,
    user: number,
    message: Asked['message'],
    fields: object,
  ): void {
    const { name, fields: answer } = shard.ask(message as typeof PLACE_BID, user, fields as never);
    if (name === 'answer')
      this.asked.push({ auction, user, message, fields, answer: known(answer) });
  }

  #newIdOn(shard: ShardFixture, shardOf: (auction: string) => ShardFixture): string {
    for (;;) {
      const id = auctionId(AUCTIONS + 1 + this.#below(1_000_000));
      if (shardOf(id) === shard) return id;
    }
  }

  #nonce(): string {
    this.#nonces += 1;
    return `reshard-nonce-${this.#nonces}`;
  }

  #withShards<T>(work: (shardOf: (auction: string) => ShardFixture) => T): T {
    const { shards, epoch } = readFolderMeta(this.folder);
    const storages = Array.from({ length: shards }, (_, i) => openShardStorage(this.folder, i));
    const fixtures = storages.map(
      ({ journal }, index) =>
        new ShardFixture({ journal, index, shards, epoch, settings: { bidsPerMinuteMax: null } }),
    );
    const ring = new HashRing(shards);
    try {
      return work((auction) => fixtures[ring.ownerOf(hashText(auction))] as ShardFixture);
    } finally {
      for (const { journal, state } of storages) {
        state.close();
        journal.close();
      }
    }
  }
}

/** An answer without what the log's numbers say. */
function known(answer: Asked['answer']): Asked['answer'] {
  const ofTheLog = new Set(['id', 'record', 'epoch']);
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !ofTheLog.has(name)));
}

const USER_FIELDS = new Set(['bidder', 'leader', 'seller', 'winner', 'by']);

/** By auction: what its log says happened to it, in order, with ids in place of numbers. */
function told(folder: string): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, string[]>();
  for (let index = 0; index < readFolderMeta(folder).shards; index++) {
    const users: string[] = ['nobody'];
    const auctions: string[] = [];
    const log = openLog(folder, index);
    for (const batch of log?.scan(1 as Seq) ?? []) {
      for (let i = 0; i < batch.count; i++) {
        const event: ShardEvent = readRecord(
          batch.bytes,
          batch.offsets[i] as number,
          batch.offsets[i + 1] as number,
        );
        if (event.kind === 'UserIntroduced') users[event.user] = event.id;
        if (event.kind === 'UserIntroduced') continue;
        if (event.kind === 'AuctionListed') auctions[event.auction] = event.id;
        const auction =
          event.kind === 'StrayBidRefused' ? event.auctionId : (auctions[event.auction] as string);
        const text = JSON.stringify(event, (key, value: unknown) =>
          USER_FIELDS.has(key) ? users[value as number] : key === 'auction' ? auction : value,
        );
        all.set(auction, [...(all.get(auction) ?? []), text]);
      }
    }
    log?.close();
  }
  return new Map([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function home(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-reshard-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function reshard(data: string, to: number): Promise<Ran> {
  return gavel(['reshard', '--data', data, '--to', String(to), '--execute']);
}

/** Gives the old folder away as well. */
function keptFolders(data: string): string[] {
  const parent = join(data, '..');
  return readdirSync(parent).filter((name) => name.includes('.before-reshard-'));
}

test('random histories: each auction keeps what happened to it, there and back, and its answers', async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`GAVEL_TEST_SEED=${seed}`);
  const below = randomFrom(seed);
  const counts = { histories: 0, records: 0, repeated: 0 };
  for (let history = 0; history < HISTORIES; history++) {
    const data = join(home(t), 'data');
    const from = 1 + below(4);
    const to = 1 + ((from + below(5)) % 6);
    if (to === from) continue;
    const market = new Market(data, from, below);
    market.play(COMMANDS);
    const before = told(data);
    const moved = await reshard(data, to);
    assert.equal(moved.code, 0, moved.err);
    assert.deepEqual(told(data), before);
    const { shards, epoch, reshardedEpoch } = readFolderMeta(data);
    assert.deepEqual([shards, epoch, reshardedEpoch], [to, 2, 2]);
    const repeated = market.repeated(market.asked);
    assert.deepEqual(
      repeated,
      market.asked.map(({ answer }) => answer),
    );
    assert.deepEqual(told(data), before, 'a repeated command changes nothing');
    // It goes on from here, and back.
    market.play(COMMANDS / 4);
    const later = told(data);
    assert.equal((await reshard(data, from)).code, 0);
    assert.deepEqual(told(data), later);
    const verified = await gavel(['verify', '--data', data]);
    assert.equal(verified.code, 0, verified.err);
    assert.equal(keptFolders(data).length, 2);
    counts.histories += 1;
    counts.records += [...later.values()].reduce((sum, events) => sum + events.length, 0);
    counts.repeated += repeated.length;
    rmSync(join(data, '..'), { recursive: true });
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.histories > HISTORIES / 3 && counts.repeated > counts.histories * 20);
});

test('what lies beside the logs is taken over as it is, and nothing without --execute', async (t) => {
  const data = join(home(t), 'data');
  const market = new Market(data, 2, randomFrom(3));
  market.play(COMMANDS);
  writeFileSync(join(data, 'alive'), 'until now');
  writeFileSync(join(data, 'read-model.sqlite'), 'of the old numbers');
  const key = readFileSync(join(data, 'keys', 'receipt-signing.jwk'), 'utf8');
  const plan = await gavel(['reshard', '--data', data, '--to', '4']);
  assert.equal(plan.code, 0);
  assert.match(plan.out, /2 shards, [\d,]+ records; to have 4 shards/);
  assert.match(plan.out, /Nothing was changed\. To do it: gavel reshard .*--to 4 --execute/);
  assert.equal(readFolderMeta(data).shards, 2);
  const json = await gavel(['reshard', '--data', data, '--to', '4', '--execute', '--json']);
  const { from, to, done } = JSON.parse(json.out) as {
    from: number;
    to: number;
    done: { auctions: number; records: number[]; setAside: string };
  };
  assert.deepEqual([from, to, done.auctions, done.records.length], [2, 4, AUCTIONS, 4]);
  assert.equal(readFileSync(join(data, 'alive'), 'utf8'), 'until now');
  assert.equal(readFileSync(join(data, 'keys', 'receipt-signing.jwk'), 'utf8'), key);
  assert.ok(!readdirSync(data).includes('read-model.sqlite'));
  assert.deepEqual(told(done.setAside), told(data));
});

test('what cannot be done is refused, and changes nothing', async (t) => {
  const data = join(home(t), 'data');
  new Market(data, 2, randomFrom(4)).play(COMMANDS);
  const same = await reshard(data, 2);
  assert.equal(same.code, 2);
  assert.match(same.err, /has 2 shards already/);
  for (const to of ['0', '5000', 'many']) {
    const { code, err } = await gavel(['reshard', '--data', data, '--to', to]);
    assert.equal(code, 2);
    assert.match(err, /--to/);
  }
  assert.equal((await gavel(['reshard', '--data', data])).code, 2);
  assert.equal((await gavel(['reshard', '--data', join(data, 'none'), '--to', '3'])).code, 78);
  const letGo = lockDataFolder(data);
  const inUse = await reshard(data, 3);
  letGo();
  assert.equal(inUse.code, 75);
  assert.match(inUse.err, /in use/);
  assert.deepEqual(keptFolders(data), []);
});

test('a damaged log is not dealt out', async (t) => {
  const data = join(home(t), 'data');
  new Market(data, 2, randomFrom(5)).play(COMMANDS);
  const log = join(data, 'shard-1', 'log.sqlite');
  const bytes = readFileSync(log);
  writeFileSync(log, bytes.fill(0x11, Math.floor(bytes.length / 2)));
  const { code, err } = await reshard(data, 3);
  assert.equal(code, 74);
  assert.match(err, /log\.sqlite/);
  assert.equal(readFolderMeta(data).shards, 2);
  assert.deepEqual(
    readdirSync(join(data, '..')).filter((name) => name.startsWith('data.resharding')),
    [],
  );
});

test('a receipt of before is told from one that lies, and holds against the kept folder', async (t) => {
  const data = join(home(t), 'data');
  openDataFolder(data, { shards: 1, shardsDefault: 1, nowMs: 1 });
  const [key] = loadOrCreateReceiptKeys(data);
  assert.ok(key !== undefined);
  const { journal, state } = openShardStorage(data, 0);
  const shard = new ShardFixture({ journal });
  shard.list();
  const { record } = shard.bid(7, 5_000);
  const receipt = await signCompact(
    'gavel-receipt',
    statementText(shard, 7, record, key) ?? '',
    key,
  );
  state.close();
  journal.close();
  assert.equal((await gavel(['verify', '--receipt', receipt, '--data', data])).code, 0);
  assert.equal((await reshard(data, 2)).code, 0);
  const here = await gavel(['verify', '--receipt', receipt, '--data', data]);
  assert.equal(here.code, 74);
  assert.match(here.err, /the receipt is genuine.*before .* got its present shards/s);
  assert.match(here.err, /before-reshard/);
  const kept = join(data, '..', keptFolders(data)[0] as string);
  assert.equal((await gavel(['verify', '--receipt', receipt, '--data', kept])).code, 0);
  assert.ok(told(data).has(AUCTION));
});

/** The real program on a copy; how long it ran, milliseconds. */
async function reshardAndKill(base: string, data: string, afterMs: number): Promise<number> {
  cpSync(base, data, { recursive: true });
  const startMs = performance.now();
  const args = ['bin/gavel', 'reshard', '--data', data, '--to', '3', '--execute'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
  const kill = (): boolean => child.kill('SIGKILL');
  const late = afterMs === Infinity ? undefined : setTimeout(kill, afterMs);
  await once(child, 'exit');
  clearTimeout(late);
  return performance.now() - startMs;
}

test(`killed ${KILLS} times at any moment: the old folder or the new one, whole`, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`GAVEL_TEST_SEED=${seed}`);
  const below = randomFrom(seed);
  const base = join(home(t), 'base');
  new Market(base, 2, below).play(COMMANDS * 20);
  const before = told(base);
  const counts = { old: 0, new: 0 };
  const oneMs = await reshardAndKill(base, join(home(t), 'data'), Infinity);
  for (let kill = 0; kill < KILLS; kill++) {
    const data = join(home(t), 'data');
    await reshardAndKill(base, data, (oneMs * (20 + below(90))) / 100);
    // Whoever opens it next finishes what had begun.
    assert.equal((await gavel(['reshard', '--data', data, '--to', '7'])).code, 0);
    const { shards } = readFolderMeta(data);
    counts[shards === 2 ? 'old' : 'new'] += 1;
    assert.deepEqual(told(data), before);
    assert.equal((await gavel(['verify', '--data', data])).code, 0);
  }
  t.diagnostic(JSON.stringify(counts));
});
