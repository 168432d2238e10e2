/**
 * The whole configuration: every key with its default, its bounds and one sentence. The type
 * `Settings` follows from this table, with units at the ends of names (key.ts).
 */
import { z } from 'zod';
import {
  choice,
  duration,
  flag,
  line,
  lineOrNone,
  lines,
  size,
  structure,
  whole,
  wholeOr,
} from './key.ts';
import { isCurrency } from '../lib/currency.ts';
import type { Key, Unit } from './key.ts';
import {
  DAY_MS,
  HOUR_MS,
  KB,
  MINUTE_MS,
  MONEY,
  SECOND_MS,
  SHARDS,
  SOCKETS,
  TIME,
  WIRE,
} from './limits.ts';

const amountCents = z.int().min(1).max(MONEY.centsMax);

/** Below `belowCents` the increment is `incrementCents`; the last step has no `belowCents`. */
const incrementStep = z.strictObject({
  belowCents: amountCents.nullable().default(null),
  incrementCents: amountCents,
});

const incrementTable = z
  .array(incrementStep)
  .min(1)
  .max(WIRE.incrementStepsMax)
  .refine(
    (steps) =>
      steps.every((step, i) => {
        const before = steps[i - 1]?.belowCents ?? 0;
        return i === steps.length - 1 ? step.belowCents === null : (step.belowCents ?? 0) > before;
      }),
    { error: 'belowCents must rise from step to step, and the last step must have none' },
  );

const incrementsByCurrency = z.record(z.string().refine(isCurrency), incrementTable, {
  error: (issue) =>
    issue.code === 'invalid_key' ? 'must be a currency code of ISO 4217, such as USD' : undefined,
});

/** Names below names; a name with nothing below it may stand alone. */
interface Categories {
  readonly [name: string]: Categories | null;
}

const categories: z.ZodType<Categories> = z.record(
  z
    .string()
    .min(1)
    .max(WIRE.categoryCharsMax)
    .refine((name) => name.trim() !== '', { error: 'a category needs a name' }),
  z.lazy(() => categories.nullable()),
);

export const KEYS = {
  server: {
    host: line('0.0.0.0', 'Address of the public listener: REST and WebSocket.'),
    port: whole(8080, 0, 65_535, 'Port of the public listener; 0 takes a free one.'),
    internalHost: line('127.0.0.1', 'Address of the internal listener: health, metrics, admin.'),
    internalPort: whole(9090, 0, 65_535, 'Port of the internal listener; 0 takes a free one.'),
    publicUrl: lineOrNone(
      'address',
      'How clients reach this server from outside, where a proxy stands in front of it.',
    ),
    allowedOrigins: lines(
      'Origins of web pages that may connect, exactly as browsers send them; `*` allows every one.',
    ),
    allowAnonymous: flag(false, 'Whether auctions may be read and watched without a token.'),
    trustProxy: flag(
      false,
      'Whether the client address is taken from X-Forwarded-For: only behind a proxy that sets it.',
    ),
    conflation: duration(
      '50ms',
      0,
      SECOND_MS,
      'Watchers of an auction get its newest state so often at most; 0: every update.',
    ),
    drain: duration(
      '10s',
      0,
      10 * MINUTE_MS,
      'How long a stopping server waits for auctions about to end, and then lets clients move away.',
    ),
  },
  data: {
    folder: line('data', 'Where journals, snapshots and keys are kept; made on the first start.'),
    shards: wholeOr(
      'auto',
      'auto',
      1,
      SHARDS.countMax,
      'Worker threads; fixed when the data folder is made. `auto`: one less than the cores, at least 2.',
    ),
    checkEvery: duration(
      '24h',
      0,
      20 * DAY_MS,
      'How often the whole log is read and its checksums are checked, beside the bids; 0: never.',
    ),
  },
  auth: {
    issuer: line('gavel', 'The issuer (`iss`) that tokens must name.'),
    audience: line('gavel', 'The audience (`aud`) that tokens must name.'),
    jwks: lineOrNone(
      'file or https address',
      'Public keys of an own sign-in service. None: the key in the data folder signs and checks.',
    ),
    accessTtl: duration('15m', SECOND_MS, DAY_MS, 'How long tokens made by this server are valid.'),
    clockTolerance: duration(
      '5s',
      0,
      5 * MINUTE_MS,
      'How far the clock of the sign-in service may differ.',
    ),
  },
  accounts: {
    hashCost: whole(
      17,
      14,
      20,
      'Cost of a password hash: scrypt with N = 2 to this power. Older hashes are renewed at login.',
    ),
    refreshTtl: duration('30d', MINUTE_MS, 366 * DAY_MS, 'After this long unused a session ends.'),
    resetTtl: duration('1h', MINUTE_MS, DAY_MS, 'How long a password reset may be finished.'),
  },
  rules: {
    bidsPerMinuteMax: wholeOr(
      'unlimited',
      10,
      1,
      1_000_000,
      'Bids that a user may place by hand on one auction within a minute.',
    ),
    fatFingerFactor: wholeOr(
      'off',
      10,
      2,
      MONEY.fatFingerFactorMax,
      'A bid above this many times the price needs a confirmation; an auction may choose its own.',
    ),
    softClose: {
      window: duration(
        '30s',
        0,
        TIME.softCloseMsMax,
        'A bid this close to the end extends; 0: never.',
      ),
      extension: duration(
        '60s',
        0,
        TIME.softCloseMsMax,
        'Time that is left at least after such a bid.',
      ),
      extensionsMax: wholeOr('unlimited', 5, 0, 1_000_000, 'How often one auction is extended.'),
    },
    minDuration: duration('1s', SECOND_MS, TIME.auctionMsMax, 'The shortest auction.'),
    maxDuration: duration('366d', SECOND_MS, TIME.auctionMsMax, 'The longest auction.'),
    retraction: {
      allBefore: duration(
        '12h',
        0,
        TIME.auctionMsMax,
        'With more time left than this a retraction takes back all own bids.',
      ),
      newestWithin: duration(
        '1h',
        0,
        TIME.auctionMsMax,
        'With less time left the newest own bid may be taken back for this long after it was placed.',
      ),
    },
    earlyEnd: duration(
      '12h',
      0,
      TIME.auctionMsMax,
      'With less time left than this a seller may cancel only without bids.',
    ),
    additionsBefore: duration(
      '12h',
      0,
      TIME.auctionMsMax,
      'With less time left than this nothing is added to the description of an auction with bids.',
    ),
    outageCredit: {
      policy: choice(
        ['exact', 'none'],
        'exact',
        'Whether auctions get back the time in which the server was down.',
      ),
      within: duration(
        '10m',
        0,
        TIME.auctionMsMax,
        'Auctions whose end lay in the downtime, or up to this long after it, get it back.',
      ),
    },
    incrementsByCurrency: structure(
      'map from currency to a list of {belowCents, incrementCents}',
      {},
      incrementsByCurrency,
      "Bid increments in minor units; a currency that is not named uses eBay's table.",
    ),
    categories: structure(
      'tree of names, such as {Home: {Lamps: {}, Chairs: {}}, Books: {}}',
      {},
      categories,
      'Where listings may stand, at any depth; empty: sellers name categories themselves.',
    ),
  },
  limits: {
    connections: whole(20_000, 1, SOCKETS.connectionsMax, 'Open connections of this process.'),
    connectionsPerIp: whole(200, 1, SOCKETS.connectionsMax, 'Open connections of one address.'),
    connectionsPerUser: whole(20, 1, SOCKETS.connectionsMax, 'Signed-in connections of one user.'),
    subscriptionsPerConnection: whole(
      1000,
      1,
      SOCKETS.subscriptionsMax,
      'Auctions that one connection watches.',
    ),
    framesPerSecond: whole(
      200,
      1,
      SOCKETS.framesPerSecondMax,
      'Messages that one connection may send in a second; twice as many in a burst.',
    ),
    bytesPerSecond: {
      ...size(
        '64KB',
        KB,
        SOCKETS.bytesPerSecondMax,
        'Bytes that one connection may send in a second.',
      ),
      unit: 'none' as const,
    },
    commandsPerSecond: whole(
      200,
      1,
      SOCKETS.framesPerSecondMax,
      'Commands that one user may send in a second, over all connections and REST.',
    ),
    requestsPerSecond: whole(
      100,
      1,
      SOCKETS.framesPerSecondMax,
      'REST requests that one address may send in a second; twice as many in a burst.',
    ),
    signInsPerSecond: whole(
      20,
      1,
      SOCKETS.framesPerSecondMax,
      'Tokens that are checked in a second for one address.',
    ),
    inFlight: whole(
      1024,
      1,
      SOCKETS.inFlightMax,
      'Messages of one connection that may wait for their answer.',
    ),
    backPressure: size(
      '256KB',
      4 * KB,
      SOCKETS.backPressureBytesMax,
      'Unsent bytes at which a slow connection is closed (close code 3008).',
    ),
    helloTimeout: duration('5s', SECOND_MS, MINUTE_MS, 'Time to sign in after connecting.'),
    idleTimeout: duration('35s', 10 * SECOND_MS, 16 * MINUTE_MS, 'A silent connection is closed.'),
    tick: duration('25s', SECOND_MS, 10 * MINUTE_MS, 'How often every connection gets the clock.'),
    answerTimeout: duration(
      '10s',
      100,
      10 * MINUTE_MS,
      'After this a REST request is answered with UNKNOWN_OUTCOME.',
    ),
  },
  overload: {
    targetAge: duration(
      '20ms',
      1,
      10 * SECOND_MS,
      'How long a command may wait for its shard before new ones are refused with OVERLOADED.',
    ),
    priorityTiers: lines(
      'Tiers (the claim `tier` of tokens) whose users are refused last, like auctions about to end.',
    ),
    watchOnly: {
      byItself: flag(
        true,
        'Whether watch-only mode switches itself on under sustained overload, and off again.',
      ),
      after: duration('5s', 100, HOUR_MS, 'So long overload has to last before it switches on.'),
      recovery: duration('10s', 100, HOUR_MS, 'So long calm has to last before it switches off.'),
      tick: duration(
        '1s',
        100,
        MINUTE_MS,
        'While it is on, who is not signed in gets the newest state of an auction so often at most.',
      ),
    },
  },
  snapshots: {
    interval: duration('30s', SECOND_MS, DAY_MS, 'How often changed auctions are written down.'),
    every: duration(
      '0s',
      0,
      20 * DAY_MS,
      'How often the whole data folder is copied, beside the bids, as `gavel snapshot` does; 0: never.',
    ),
    folder: line(
      'snapshots',
      'Where those copies lie, best on another disk; of this server alone.',
    ),
    keep: whole(7, 1, 10_000, 'How many of them are kept; older ones are deleted after a new one.'),
  },
  discovery: {
    enabled: flag(
      true,
      'Whether search, lists and recommendations are kept: a thread that follows the logs.',
    ),
  },
  log: {
    level: choice(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
      'The least important messages that are logged.',
    ),
    format: choice(
      ['auto', 'pretty', 'json'],
      'auto',
      '`auto`: pretty on a terminal, JSON lines elsewhere.',
    ),
  },
} as const;

/** What a running server takes over on SIGHUP; the rest is fixed in sockets, threads or the log. */
const LIVE = [
  /^limits\.(?!backPressure$)/,
  /^overload\./,
  /^server\.(conflation|drain)$/,
  /^log\.level$/,
];

/** @param path for instance `limits.connections` */
export function isLive(path: string): boolean {
  return LIVE.some((pattern) => pattern.test(path));
}

/** Keys and groups of keys, by name. */
export interface Group {
  readonly [name: string]: Group | Key<unknown>;
}

type Named<K, V> = K extends string
  ? V extends Key<infer _, infer U>
    ? U extends 'ms'
      ? `${K}Ms`
      : U extends 'bytes'
        ? `${K}Bytes`
        : K
    : K
  : never;

type Resolved<G> = {
  readonly [K in keyof G as Named<K, G[K]>]: G[K] extends Key<infer T, Unit> ? T : Resolved<G[K]>;
};

/** The configuration as the program reads it: checked, complete, with units in the names. */
export type Settings = Resolved<typeof KEYS>;

/** What only shows when several keys are looked at together. One sentence each. */
export function contradictions(settings: Settings): string[] {
  const { server, rules, limits } = settings;
  const found: string[] = [];
  const sameAddress = server.host === server.internalHost || server.host === '0.0.0.0';
  if (server.port !== 0 && server.port === server.internalPort && sameAddress) {
    found.push('server.port and server.internalPort must differ');
  }
  if (rules.minDurationMs > rules.maxDurationMs) {
    found.push('rules.minDuration must not be above rules.maxDuration');
  }
  if (rules.softClose.windowMs > 0 && rules.softClose.extensionMs === 0) {
    found.push('rules.softClose.extension must be above 0 where rules.softClose.window is');
  }
  if (limits.connectionsPerIp > limits.connections) {
    found.push('limits.connectionsPerIp must not be above limits.connections');
  }
  if (limits.bytesPerSecond < WIRE.frameBytesMax) {
    found.push(`limits.bytesPerSecond must be at least one frame, ${WIRE.frameBytesMax / KB}KB`);
  }
  if (limits.tickMs >= limits.idleTimeoutMs) {
    found.push('limits.tick must be below limits.idleTimeout');
  }
  return found;
}
