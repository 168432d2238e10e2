/**
 * One node, put together. The numbered steps are the architecture in the order of its making:
 *
 *   folder ──▶ keys ──▶ shards, accounts (recover) ──▶ gateway (listen) ──▶ clocks run ──▶ ready
 */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { PeopleNews } from '../account/people-requests.ts';
import { KEY_SET, RINGS, SHARDS, STOP } from '../config/limits.ts';
import type { Settings } from '../config/settings.ts';
import { KeySet } from '../gateway/key-set.ts';
import type { Gateway, GatewayOptions } from '../gateway/server.ts';
import { startGateway } from '../gateway/server.ts';
import type { SigningKey } from '../gateway/token.ts';
import { jwksOf, loadOrCreateKeyFile, signToken } from '../gateway/token.ts';
import { JwtVerifier } from '../gateway/token-verifier.ts';
import type { RoleName } from '../gateway/user.ts';
import type { FolderMeta } from '../journal/folder-meta.ts';
import { keysFolder, makeAccountsFolder, takeDataFolder } from '../journal/data-folder.ts';
import { STORAGE_FAILURES } from '../journal/disk-failure.ts';
import { finishSwap } from '../journal/folder-swap.ts';
import { loadOrCreateReceiptKeys } from '../receipt/key-file.ts';
import { must } from '../lib/assert.ts';
import { MonotonicClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import { AccountThread } from './account-thread.ts';
import { ImageOffice } from './image-office.ts';
import { Lists } from './lists.ts';
import { noticeOf } from './notices.ts';
import { gatewayLimits, ruleSettings } from './options.ts';
import { lastAliveUs, Outages } from './outage.ts';
import { NodeReceiptOffice } from './receipt-office.ts';
import { ShardSet } from './shard-set.ts';
import type { ShardFailure } from './shard-thread.ts';
import { ShardThread } from './shard-thread.ts';
import { Upkeep } from './upkeep.ts';

export interface RunningNode {
  /** How clients reach it, for instance `http://127.0.0.1:8080`. */
  readonly publicUrl: string;
  readonly internalUrl: string;
  /** A token of the own key. @throws Error where tokens come from elsewhere (auth.jwks). */
  tokenFor(sub: string, roles: readonly RoleName[]): Promise<string>;
  /** Takes over other limits, and how long a stop may take. What is not live is left alone. */
  setLimits(settings: Settings): void;
  /** Sends clients away, finishes what was accepted, writes a snapshot, lets go of the folder. */
  stop(): Promise<void>;
  /** Resolves when the node cannot go on; it has stopped answering and let go of everything then. */
  readonly failed: Promise<NodeFailure>;
}

/** What stopped a node. */
export interface NodeFailure {
  /** `shard 0`, or `accounts`. */
  readonly where: string;
  readonly name: string;
  readonly message: string;
  /** A mistake in the program; else the disk, or what stands on it. */
  readonly isOurs: boolean;
}

/**
 * Starts a node on its data folder.
 * @throws UnusableDataFolder, DataFolderInUse, DamagedJournal, DamagedState, and what listening throws.
 */
export async function startNode(settings: Settings, log: Log): Promise<RunningNode> {
  // 1. The data folder is ours.
  const folder = settings.data.folder;
  finishSwap(folder);
  const { meta, release } = takeDataFolder(folder, {
    shards: settings.data.shards,
    shardsDefault: Math.max(SHARDS.automaticMin, availableParallelism() - 1),
    nowMs: Date.now(),
  });
  const clock = systemClock(0);
  const node: NodeInTheMaking = { settings, log, meta, clock, gateway: null, outages: null };
  const failure = Promise.withResolvers<NodeFailure>();
  const shards = makeShards(node, failure.resolve);
  const images = new ImageOffice(folder, log);
  let lists: Lists | null = null;
  let accounts: AccountThread | null = null;
  try {
    // 2. Who may speak.
    const { keys, ownKey } = await loadKeys(settings);
    const receipts = new NodeReceiptOffice(folder, loadOrCreateReceiptKeys(folder));
    // 3. The shards and the accounts, and what they remember.
    accounts = makeAccounts(node, ownKey, failure.resolve);
    const failed = failure.promise.then((reason) => {
      throw namedError(reason);
    });
    const [recovered, revocations] = await Promise.race([
      Promise.all([shards.start(), accounts.start()]),
      failed,
    ]);
    for (const [shard, ready] of recovered.entries()) log.info({ shard, ...ready }, 'recovered');
    // 4. The clock starts above everything logged, and auctions get back what the outage took.
    const newestUs = Math.max(...recovered.map((ready) => ready.lastAtUs));
    const downFromUs = lastAliveUs(folder, newestUs);
    node.clock = systemClock(Math.max(newestUs, downFromUs));
    const outages = await Promise.race([
      Outages.end(folder, downFromUs, shards, node.clock, log),
      failed,
    ]);
    node.outages = outages;
    // 5. The doors open, and auctions start and end.
    lists = settings.discovery.enabled ? listsOf(node, shards, accounts) : null;
    const upkeep = new Upkeep(settings, shards, log);
    const own = { accounts: ownKey && accounts, people: accounts };
    const asked = { discovery: lists?.discovery ?? null, receipts, ...own, images, upkeep };
    const gateway = await openGateway(node, shards, keys, asked);
    node.gateway = gateway;
    for (const revocation of revocations) gateway.revoke(revocation);
    shards.startClocks();
    lists?.start();
    upkeep.start();
    images.start();
    gateway.setReady(true);
    const refresh = refreshKeys(keys, settings.auth.jwks, log);
    const close = (): void => {
      clearInterval(refresh);
      release();
    };
    const nowMs = (): number => node.clock.nowUs() / 1000;
    const parts = { settings, gateway, shards, lists, upkeep, images, outages, accounts, ownKey };
    return running({ ...parts, log, nowMs, close, failed: failure.promise });
  } catch (error) {
    node.gateway?.close();
    node.outages?.abandon();
    await Promise.all([lists?.stop(), images.stop()]);
    // Nothing was answered, and a shard that has failed would never come to a clean stop.
    await Promise.all([shards.abandon(), accounts?.stop()]);
    release();
    throw error;
  }
}

/** What the parts of a node need of each other while it comes up. */
interface NodeInTheMaking {
  readonly settings: Settings;
  readonly log: Log;
  readonly meta: FolderMeta;
  clock: MonotonicClock;
  gateway: Gateway | null;
  outages: Outages | null;
}

function makeShards(node: NodeInTheMaking, failed: (reason: NodeFailure) => void): ShardSet {
  const { settings, log, meta } = node;
  const fail = ({ index, name, message }: ShardFailure): void => {
    if (node.gateway !== null) {
      answerUnfinished(node.gateway, shards);
      node.gateway.failAll('UNKNOWN_OUTCOME');
    }
    failed({ where: `shard ${index}`, name, message, isOurs: !STORAGE_FAILURES.has(name) });
  };
  const makeShard = (index: number): ShardThread =>
    new ShardThread({
      folder: settings.data.folder,
      index,
      shards: meta.shards,
      epoch: meta.epoch,
      settings: ruleSettings(settings),
      snapshotEveryMs: settings.snapshots.intervalMs,
      inboundBytes: RINGS.inboxBytes,
      outboundBytes: RINGS.outboxBytes,
      clock: () => node.clock,
      log,
      deliveries: () => must(node.gateway, 'frames come from the gateway only').deliveries,
      watchedHandles: () =>
        (node.gateway?.watchedHandles() ?? []).filter((handle) => handle % meta.shards === index),
      onDropped: (conn, frame) => {
        if (node.gateway !== null) refuse(node.gateway, conn, frame, 'COMMAND_FAILED');
      },
      onFatal: fail,
    });
  const shards: ShardSet = new ShardSet(
    Array.from({ length: meta.shards }, (_, i) => makeShard(i)),
  );
  return shards;
}

function listsOf(node: NodeInTheMaking, shards: ShardSet, people: AccountThread): Lists {
  const { settings, meta, log } = node;
  const shardStatuses = [...shards].map(({ statusMemory }) => statusMemory);
  const { folder } = settings.data;
  const { categories } = settings.rules;
  const tell = (news: PeopleNews): void => node.gateway?.tell(news.userId, noticeOf(news));
  const model = { folder, categories, epoch: meta.epoch, shardStatuses };
  return new Lists({ ...model, people, tell, log });
}

/** Without a key of our own, people sign in elsewhere, and only keep things here. */
function makeAccounts(
  node: NodeInTheMaking,
  key: SigningKey | null,
  failed: (reason: NodeFailure) => void,
): AccountThread {
  const { settings, log, meta } = node;
  const { data, auth, accounts } = settings;
  makeAccountsFolder(data.folder);
  return new AccountThread({
    data: { ...accounts, folder: data.folder, epoch: meta.epoch },
    key,
    ...auth,
    log,
    onRevoked: (revocation) => node.gateway?.revoke(revocation),
    onNews: (news) => node.gateway?.tell(news.userId, noticeOf(news)),
    onFatal: ({ name, message }) => {
      node.gateway?.failAll('UNKNOWN_OUTCOME');
      failed({ where: 'accounts', name, message, isOurs: !STORAGE_FAILURES.has(name) });
    },
  });
}

function openGateway(
  node: NodeInTheMaking,
  shards: ShardSet,
  keys: KeySet,
  asked: Pick<
    GatewayOptions,
    'discovery' | 'receipts' | 'accounts' | 'people' | 'images' | 'upkeep'
  >,
): Promise<Gateway> {
  const { settings, clock, log } = node;
  const { server, auth } = settings;
  const limits = gatewayLimits(settings);
  const { issuer, audience, clockToleranceMs } = auth;
  return startGateway({
    host: server.host,
    port: server.port,
    internalHost: server.internalHost,
    internalPort: server.internalPort,
    shards,
    clock,
    verifier: new JwtVerifier(
      keys,
      { issuer, audience, clockToleranceMs },
      () => clock.nowUs() / 1000,
      limits.tokensRememberedMax,
    ),
    ...asked,
    log,
    limits,
    allowedOrigins: server.allowedOrigins,
    allowAnonymous: server.allowAnonymous,
    trustProxy: server.trustProxy,
  });
}

interface Parts {
  readonly settings: Settings;
  readonly gateway: Gateway;
  readonly shards: ShardSet;
  readonly lists: Lists | null;
  readonly upkeep: Upkeep;
  readonly images: ImageOffice;
  readonly outages: Outages;
  readonly accounts: AccountThread;
  readonly ownKey: SigningKey | null;
  readonly log: Log;
  /** By the server's clock. */
  readonly nowMs: () => number;
  /** Lets go of what is left once gateway and shards have stopped. */
  readonly close: () => void;
  readonly failed: Promise<NodeFailure>;
}

function running(parts: Parts): RunningNode {
  const { settings, gateway, shards, lists, outages, accounts, ownKey, close, failed } = parts;
  const { upkeep, images } = parts;
  const { host, internalHost, publicUrl } = settings.server;
  let { drainMs } = settings.server;
  const { issuer, audience, accessTtlMs } = settings.auth;
  return {
    publicUrl: publicUrl ?? urlOf(host, gateway.port),
    internalUrl: urlOf(internalHost, gateway.internalPort),
    // Listeners and threads would keep the process alive, and a dead shard looking alive.
    failed: failed.then(async (reason) => {
      outages.abandon();
      await gateway.drain(STOP.lastWordsMs);
      gateway.close();
      await Promise.all([lists?.stop(), upkeep.stop(), images.stop()]);
      await Promise.all([shards.abandon(), accounts.stop()]);
      close();
      return reason;
    }),
    tokenFor(sub, roles) {
      const key = must(ownKey, 'tokens come from the sign-in service that auth.jwks names');
      return signToken(key, {
        sub,
        roles,
        ttlMs: accessTtlMs,
        issuer,
        audience,
        nowMs: Date.now(),
      });
    },
    setLimits(changed) {
      drainMs = changed.server.drainMs;
      gateway.setLimits(gatewayLimits(changed));
    },
    async stop() {
      gateway.finish();
      await lastMinute(parts, drainMs);
      await gateway.drain(drainMs);
      await Promise.all([lists?.stop(), upkeep.stop(), images.stop()]);
      await outages.begin();
      await Promise.all([shards.stop(), accounts.stop()]);
      gateway.close();
      close();
    },
  };
}

/** Auctions that end within the time given are not cut off: who is connected bids to the end. */
async function lastMinute({ shards, nowMs, log }: Parts, withinMs: number): Promise<void> {
  const untilMs = nowMs() + withinMs;
  if (shards.nextDeadlineMs > untilMs) return;
  log.info({ withinMs }, 'waiting for auctions that are about to end');
  while (nowMs() < untilMs && shards.nextDeadlineMs <= untilMs) await pause(STOP.closingLookMs);
}

function systemClock(notBeforeUs: number): MonotonicClock {
  return new MonotonicClock(
    { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    notBeforeUs,
  );
}

async function loadKeys(
  settings: Settings,
): Promise<{ readonly keys: KeySet; readonly ownKey: SigningKey | null }> {
  const keys = new KeySet();
  if (settings.auth.jwks !== null) {
    await keys.load(settings.auth.jwks);
    return { keys, ownKey: null };
  }
  const ownKey = await loadOrCreateKeyFile(keysFolder(settings.data.folder));
  await keys.replace(jwksOf(ownKey));
  return { keys, ownKey };
}

/** Keys are rotated: a set that lies elsewhere is read again now and then. */
function refreshKeys(keys: KeySet, jwks: string | null, log: Log): NodeJS.Timeout | undefined {
  if (jwks === null) return undefined;
  const timer = setInterval(() => {
    keys.load(jwks).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      log.warn({ jwks, message }, 'the key set could not be read again; the former keys stay');
    });
  }, KEY_SET.readEveryMs);
  timer.unref();
  return timer;
}

/** Everybody who still waits learns that the outcome is unknown. */
function answerUnfinished(gateway: Gateway, shards: ShardSet): void {
  for (const thread of shards) {
    for (const { conn, frame } of thread.unfinished()) {
      refuse(gateway, conn, frame, 'UNKNOWN_OUTCOME');
    }
  }
}

function refuse(
  { deliveries }: Gateway,
  conn: number,
  frame: Uint8Array,
  name: 'UNKNOWN_OUTCOME' | 'COMMAND_FAILED',
): void {
  const reader = new MsgpackReader().open(frame);
  reader.array();
  reader.uint();
  const writer = new MsgpackWriter();
  const { code } = REFUSALS[name];
  REFUSED.write(writer, { id: reader.uint(), code, retryAfterMs: null, field: null, reason: null });
  deliveries.begin();
  deliveries.reply(conn, writer.view());
  deliveries.end();
}

/** An error of a thread, under the name it had there: the CLI explains it by that. */
function namedError({ name, message, where }: NodeFailure): Error {
  const error = new Error(`${where}: ${message}`);
  error.name = name;
  return error;
}

function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
