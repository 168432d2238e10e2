/**
 * SIGKILL of the real server under load, at random moments: while it bids, writes snapshots, copies
 * its write-ahead file, recovers. Clients keep a ledger of every answer; after each restart on the
 * same folder the server has to agree with all of it.
 *
 *   GAVEL_TEST_SEED=n repeats a run's choices (the moments themselves are the machine's),
 *   GAVEL_TEST_LONG=1 kills 1,000 times instead of 20.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Below } from './harness.ts';
import {
  LONG,
  randomFrom,
  seedOfRun,
  Server,
  temporaryFolder,
  tokenFor,
  UNLIMITED,
  until,
  verified,
} from './harness.ts';
import type { Attempt, Listed } from './ledger.ts';
import { compareAnswers, Ledger, send } from './ledger.ts';
import { bidsOf, ConnectionLost, list, rest, WireClient } from './wire-client.ts';

const KILLS = LONG ? 1_000 : 20;
const USERS = 6;
/** The last user bids over REST. */
const REST_USER = USERS - 1;
const WINDOW = 8;
const EARLIER_RESENT = 150;
const options = { env: { ...UNLIMITED, GAVEL_SNAPSHOTS_INTERVAL: '1s', GAVEL_DATA_SHARDS: '2' } };

interface Round {
  readonly server: Server;
  readonly tokens: readonly string[];
  readonly seller: string;
  readonly ledger: Ledger;
  readonly below: Below;
}

test(
  `P1: P2: P3: P5: ${KILLS} SIGKILLs under load lose no answered bid and double none`,
  { timeout: LONG ? 150 * 60_000 : 170_000 },
  async (t) => {
    const seed = seedOfRun();
    t.diagnostic(`seed ${seed}`);
    const below = randomFrom(seed);
    const data = temporaryFolder();
    const ledger = new Ledger();
    const counts = { acknowledged: 0, refused: 0, open: 0, resent: 0, startKills: 0, ended: 0 };

    let server = await Server.start({ ...options, data });
    t.after(() => server.kill());
    const seller = await tokenFor(data, 'seller', ['seller', 'bidder']);
    const tokens = await Promise.all(
      Array.from({ length: USERS }, (_, user) => tokenFor(data, `user-${user}`)),
    );

    for (let kill = 0; kill < KILLS; kill++) {
      const round = { server, tokens, seller, ledger, below };
      const from = ledger.attempts.length;
      await loadAndKill(round);
      for (let more = below(3) === 0 ? 1 + below(2) : 0; more > 0; more--) {
        await Server.startAndKill({ ...options, data }, 200 + below(800));
        counts.startKills += 1;
      }
      server = await Server.start({ ...options, data });

      const made = ledger.attempts.slice(from);
      // A set: an id that waits for its answer must not wait twice.
      const earlier = new Set(
        Array.from({ length: from === 0 ? 0 : EARLIER_RESENT }, () => below(from)),
      );
      const again = [...made, ...[...earlier].map((i) => ledger.attempts[i] as Attempt)];
      const open = made.filter(({ decided }) => decided === null);
      counts.open += open.length;
      counts.acknowledged += made.filter(({ decided }) => decided?.code === 0).length;
      counts.refused += made.filter(({ decided }) => (decided?.code ?? 0) !== 0).length;
      // Beside the rest: it may run while the server does.
      const verdict = verified(data);
      // What was acknowledged is there before anything is sent again.
      for (const auction of recent(ledger)) await assertNothingLost({ ...round, server }, auction);
      await resend({ ...round, server }, again);
      // Once more those that had no answer before: the one they got now stands as well.
      await resend({ ...round, server }, open);
      counts.resent += again.length + open.length;
      const compared = kill === KILLS - 1 ? ledger.auctions : recent(ledger);
      for (const auction of compared) await compare({ ...round, server }, auction);
      await verdict;
    }

    counts.ended = ledger.finals.size;
    t.diagnostic(`${KILLS} kills under load: ${JSON.stringify(counts)}`);
    assert.ok(counts.acknowledged > 20 * KILLS, 'the load was a load');
    assert.ok(counts.open > 0, 'some kill fell between a bid and its answer');
    assert.ok(counts.ended > 0, 'some auction ended');

    // P2: a replay gives the same state every time, and the snapshot says the same.
    await until('the short auctions have ended', async () => {
      const views = await Promise.all(ledger.auctions.map((one) => view(server, seller, one)));
      const due = views.filter(({ endsAtMs }) => (endsAtMs as number) < Date.now() + 60_000);
      return due.every(({ status }) => status !== 'active') || undefined;
    });
    const before = await verified(data);
    assert.equal(await server.stop(), 0);
    const after = await verified(data);
    assert.deepEqual(
      after.map(({ headHash, stateHash }) => ({ headHash, stateHash })),
      before.map(({ headHash, stateHash }) => ({ headHash, stateHash })),
    );
    assert.ok(after.some(({ snapshotAuctions }) => snapshotAuctions > 0));
  },
);

/** New auctions, bids from everybody, and in the middle of it the kill. */
async function loadAndKill(round: Round): Promise<void> {
  const { server, tokens, seller, ledger, below } = round;
  for (const over of [{}, { format: 'direct' }]) {
    ledger.listed(await list(server.url, seller, over));
  }
  // Ends under load, while the server is down, or as it comes back. A listing has to last a second
  // from when the server reads it, and the first ones after a start take their time.
  const endsAtMs = Date.now() + 1_500 + below(2_000);
  const softClose = { windowMs: 0, extensionMs: 0 };
  ledger.listed(await list(server.url, seller, { endsAtMs, softClose }));
  const sockets = await Promise.all(
    tokens.slice(0, REST_USER).map((token) => WireClient.connect(server.url, token)),
  );
  const bidders = [
    ...sockets.flatMap((socket, user) =>
      Array.from({ length: WINDOW }, () => bidUntilLost(round, user, { socket })),
    ),
    bidUntilLost(round, REST_USER, { url: server.url, token: tokens[REST_USER] as string }),
    listUntilLost(round),
  ];
  setTimeout(() => server.child.kill('SIGKILL'), 30 + below(1_000));
  await server.exited;
  await Promise.all(bidders);
}

type Way = Parameters<typeof send>[1];

async function bidUntilLost({ ledger, below }: Round, user: number, way: Way): Promise<void> {
  const transport = 'socket' in way ? 'socket' : 'rest';
  /** The least that the last answer asked for, by auction. */
  const minimums = new Map<string, number>();
  for (;;) {
    const { auctionId } = recent(ledger)[below(5)] ?? (ledger.auctions.at(-1) as Listed);
    const minimumCents = minimums.get(auctionId) ?? 1_000;
    const attempt = ledger.attempt(user, auctionId, minimumCents + below(400), transport);
    try {
      attempt.decided = await send(attempt, way);
    } catch (error) {
      if (error instanceof ConnectionLost) return;
      throw error;
    }
    const next = attempt.decided?.fields['minimumNextCents'];
    if (typeof next === 'number') minimums.set(auctionId, next);
  }
}

/** Listings too are answered for good. */
async function listUntilLost({ server, seller, ledger }: Round): Promise<void> {
  for (let count = 0; count < 3; count++) {
    try {
      ledger.listed(await list(server.url, seller));
    } catch (error) {
      if (error instanceof ConnectionLost) return;
      throw error;
    }
  }
}

/** The auctions that are bid on: those of the last two rounds, about. */
function recent(ledger: Ledger): readonly Listed[] {
  return ledger.auctions.slice(-8);
}

async function view(server: Server, token: string, { auctionId }: Listed) {
  const { status, text, body } = await rest(server.url, token, 'GET', `/v1/auctions/${auctionId}`);
  assert.equal(status, 200, text);
  return body;
}

async function assertNothingLost(
  { server, seller, ledger }: Round,
  { auctionId }: Listed,
): Promise<void> {
  const history = await bidsOf(server.url, seller, auctionId);
  const records = new Set(history.map(({ record }) => record));
  const lost = ledger.accepted(auctionId).filter(({ decided }) => !records.has(decided.record));
  assert.deepEqual(lost, [], 'acknowledged bids are in the log');
}

async function compare({ server, seller, ledger }: Round, auction: Listed): Promise<void> {
  // An end between the two looks changes the view only, never the bids.
  const history = await bidsOf(server.url, seller, auction.auctionId);
  ledger.compare(auction, await view(server, seller, auction), history);
}

/** Every one of these once more, now and then over the other transport. */
async function resend({ server, tokens, below }: Round, some: readonly Attempt[]): Promise<void> {
  const sockets = await Promise.all(tokens.map((token) => WireClient.connect(server.url, token)));
  const one = async (attempt: Attempt): Promise<void> => {
    const { user, transport, nonce } = attempt;
    const overRest = below(20) === 0 ? transport !== 'rest' : transport === 'rest';
    const way: Way = overRest
      ? { url: server.url, token: tokens[user] as string }
      : { socket: sockets[user] as WireClient };
    const answer = await send(attempt, way);
    if (attempt.decided === null) attempt.decided = answer;
    else compareAnswers(attempt.decided, answer, nonce);
    assert.notEqual(attempt.decided, null, `${nonce} is not decided`);
  };
  const waiting = some.values();
  const lane = async (): Promise<void> => {
    for (const attempt of waiting) await one(attempt);
  };
  await Promise.all(Array.from({ length: 64 }, lane));
  for (const socket of sockets) socket.close();
}
