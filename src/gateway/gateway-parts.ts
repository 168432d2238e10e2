/**
 * Makes the parts of the gateway and joins them, in the order in which they need each other. No
 * socket is opened here.
 */
import { Registry } from 'prom-client';
import type { ReceiptOffice } from '../receipt/office.ts';
import { AccountGuard } from './account-guard.ts';
import type { AccountPort, PeoplePort } from './account-port.ts';
import { Admission } from './admission.ts';
import { AddressTable } from './address-table.ts';
import { ConnectionTable } from './connection-table.ts';
import { DeliveryDesk } from './delivery-desk.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import { assertLimits, GATEWAY_LIMITS } from './gateway-limits.ts';
import type { GatewayLog } from './gateway-log.ts';
import { GatewayMetrics } from './gateway-metrics.ts';
import type { After } from './conflation.ts';
import type { DiscoveryPort } from './discovery-port.ts';
import { Hub } from './hub.ts';
import { ImageLists } from './image-lists.ts';
import type { ImagePort } from './image-port.ts';
import { Inbound } from './inbound.ts';
import { internalRoutes } from './internal-routes.ts';
import { LifeCycle } from './life-cycle.ts';
import { NoticeTable } from './notice-table.ts';
import { PrivateFeed } from './private-feed.ts';
import { ReceiptSigner } from './receipt-signer.ts';
import { RestDoor } from './rest-door.ts';
import { adminRoutes, publicRoutes } from './rest-routes.ts';
import { Sender } from './sender.ts';
import type { Session } from './session.ts';
import type { ShardCall } from './shard-call.ts';
import { ShardCaller } from './shard-call.ts';
import type { ShardReport, Shards, UpkeepPort, UserNumber } from './shard-port.ts';
import { SignIn } from './sign-in.ts';
import { LocalTopics } from './local-topics.ts';
import { StreamDoor } from './stream-door.ts';
import type { Publish } from './socket.ts';
import type { TokenVerifier } from './token-verifier.ts';
import { UserTable } from './user-table.ts';
import { WatchOnly } from './watch-only.ts';
import { WatchedTable } from './watched.ts';
import { WebSocketDoor } from './web-socket-door.ts';

export interface GatewayOptions {
  /** Public listener; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly internalHost: string;
  readonly internalPort: number;
  readonly shards: Shards;
  /** Microseconds since 1970; never goes back. */
  readonly clock: { nowUs(): number };
  /** Runs something later; gives what calls it off. Default: a timer of the process. */
  readonly after?: After;
  readonly verifier: TokenVerifier;
  /** The read model; null: switched off. Default: null. */
  readonly discovery?: DiscoveryPort | null;
  /** What keeps the data safe beside the bids. Default: nothing does. */
  readonly upkeep?: UpkeepPort;
  /** Signs receipts and makes reports. */
  readonly receipts: ReceiptOffice;
  /** Own accounts; null or not given: they are kept elsewhere. */
  readonly accounts?: AccountPort | null;
  /** What people keep here; null or not given: nothing is kept. */
  readonly people?: PeoplePort | null;
  /** Images of listings; null or not given: none are kept. */
  readonly images?: ImagePort | null;
  readonly log: GatewayLog;
  /** Whatever differs from GATEWAY_LIMITS. */
  readonly limits?: Partial<GatewayLimits>;
  /** Origins of pages that may connect, exactly; `*`: all; empty: those of the own host. */
  readonly allowedOrigins?: readonly string[];
  /** Whether auctions may be read and watched without a token. Default: true. */
  readonly allowAnonymous?: boolean;
  /** Whether X-Forwarded-For names the client. Default: false. */
  readonly trustProxy?: boolean;
  /** Where metrics go; others may be in it already. */
  readonly registry?: Registry;
}

export interface GatewayParts {
  readonly limits: GatewayLimits;
  readonly allowAnonymous: boolean;
  readonly nowUs: () => number;
  readonly life: LifeCycle;
  readonly connections: ConnectionTable<Session | ShardCall>;
  readonly addresses: AddressTable;
  readonly users: UserTable;
  readonly guard: AccountGuard;
  readonly watched: WatchedTable;
  readonly watchOnly: WatchOnly;
  readonly metrics: GatewayMetrics;
  readonly sender: Sender;
  readonly hub: Hub;
  readonly feed: PrivateFeed;
  readonly deliveries: DeliveryDesk;
  readonly door: WebSocketDoor;
  readonly streams: StreamDoor;
  readonly rest: RestDoor;
  readonly internal: RestDoor;
}

/** What the sockets give back to the parts. */
export interface SocketSide {
  readonly publish: Publish;
  httpSockets(): number;
}

function onTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

function reportsOf(shards: Shards, nowUs: number): readonly ShardReport[] {
  return Array.from({ length: shards.count }, (_, i) => shards.port(i).report(nowUs));
}

/** Shards whose thread is being brought back. */
function downOf(reports: readonly ShardReport[]): readonly number[] {
  return reports.flatMap(({ isUp }, shard) => (isUp ? [] : [shard]));
}

function watchOnlyOf(limits: GatewayLimits, admission: Admission, log: GatewayLog): WatchOnly {
  return new WatchOnly({
    limits,
    demand: () => admission.demand,
    switched: (isOn, why) => log.warn({ why }, `watch-only mode is ${isOn ? 'on' : 'off'}`),
  });
}

function deathsOf(reports: readonly ShardReport[]): number {
  return reports.reduce((sum, { deaths }) => sum + deaths, 0);
}

function originsOf({ allowedOrigins = [] }: GatewayOptions): {
  readonly allowedOrigins: readonly string[];
} {
  return { allowedOrigins };
}

export function makeParts(options: GatewayOptions, sockets: SocketSide): GatewayParts {
  // One object that all parts ask each time: a running server may take over other limits.
  const limits: GatewayLimits = { ...GATEWAY_LIMITS, ...options.limits };
  assertLimits(limits);
  const { shards, clock, log, receipts } = options;
  const { allowAnonymous = true, trustProxy = false, discovery = null } = options;
  const registry = options.registry ?? new Registry();
  const nowUs = (): number => clock.nowUs();

  // 1. Who is connected, and what is watched.
  const life = new LifeCycle();
  const connections = new ConnectionTable<Session | ShardCall>();
  const addresses = new AddressTable(limits.addressesMax);
  const users = new UserTable(shards, limits.usersMax);
  const verifier = new AccountGuard(options.verifier, () => nowUs() / 1000);
  const watched = new WatchedTable(nowUs, limits.historyUpdatesMax, limits.historyBytesMax);
  const reports = (): readonly ShardReport[] => reportsOf(shards, nowUs());
  const metrics: GatewayMetrics = new GatewayMetrics(registry, {
    nowUs,
    connections: () => ({ ...door.counts, ...streams.counts, signedIn: signIn.signedIn }),
    httpSockets: () => sockets.httpSockets(),
    subscriptions: () => hub.subscriptions,
    watchersMax: () => watched.watchersMax(),
    watchedAuctions: () => watched.count,
    addresses: () => addresses.count,
    users: () => users.count,
    noticeUsers: () => notices.count,
    shards: reports,
    shed: () => admission.refused,
    watchOnly: () => watchOnly,
    lag: () => discovery?.lag(nowUs()) ?? [],
    logs: () => options.upkeep?.logs() ?? [],
    snapshots: () => options.upkeep?.snapshots() ?? null,
  });

  const admission = new Admission(shards.count, limits);
  const watchOnly = watchOnlyOf(limits, admission, log);
  // 2. The way out.
  const sender = new Sender(limits, metrics, watched);
  const calls = new ShardCaller(connections, shards, admission, users, limits, nowUs);
  const topics = new LocalTopics();
  const publish = topics.beside(sockets.publish);
  const after = options.after ?? onTimer;
  const anonymousTickMs = (): number => watchOnly.anonymousTickMs;
  const outlets = { limits, metrics, sender, watched, shards, publish, nowUs, after };
  const hub: Hub = new Hub({ ...outlets, anonymousTickMs });
  const signer = new ReceiptSigner(receipts, sender, log);
  const forgot = (user: UserNumber): void => users.dropFeed(user);
  const notices = new NoticeTable(limits, () => deathsOf(reports()), forgot);
  const feed = new PrivateFeed({ limits, sender, users, notices, nowUs });
  const deliveries = new DeliveryDesk(connections, sender, hub, feed, metrics, signer, nowUs);

  // 3. The way in: WebSockets, REST, and the internal listener.
  const signIn: SignIn = new SignIn({ limits, sender, hub, users, verifier, log, feed });
  const common = { limits, allowAnonymous, trustProxy, users, addresses, metrics, log, nowUs };
  const inbound = new Inbound({ ...common, shards, admission, sender, hub, signIn });
  const connected = (): number => door.counts.msgpack + door.counts.json + streams.count;
  const ways = { ...common, connections, connected, inbound, hub };
  const door: WebSocketDoor = new WebSocketDoor({ ...ways, ...originsOf(options), life, signIn });
  const streams: StreamDoor = new StreamDoor({ ...ways, topics, feed, watchOnly });
  const { accounts = null, people = null, images = null } = options;
  const asked = { discovery, receipts, accounts, people, images: listsOf(images) };
  const context = { calls, limits, watched, watchOnly, nowUs, streams, ...asked };
  const rest = new RestDoor({ ...common, routes: publicRoutes(context), life, verifier });
  const health = internalRoutes(life, () => downOf(reports()), registry);
  const routes = [...health, ...adminRoutes(context)];
  const internal = new RestDoor({ ...common, routes, verifier });
  const inner = { life, connections, watched, watchOnly, sender, hub, feed, deliveries };
  return { ...common, ...inner, guard: verifier, door, streams, rest, internal };
}

function listsOf(images: ImagePort | null): ImageLists | null {
  return images === null ? null : new ImageLists(images);
}
