/**
 * Every limit of the gateway, with defaults. Each has a test in test/gateway; the counters of what
 * they refused are in gateway-metrics.ts. Names end in their unit.
 */
import { GATEWAY } from '../config/limits.ts';
import { assert } from '../lib/assert.ts';

export interface GatewayLimits {
  /** Open WebSocket connections of this process. */
  readonly connectionsMax: number;
  /** … of one address (an IPv6 /64 counts as one). */
  readonly connectionsPerAddressMax: number;
  /** … of one signed-in user. */
  readonly connectionsPerUserMax: number;
  /** Open TCP connections that are not (yet) a WebSocket. */
  readonly httpSocketsMax: number;
  /** Addresses that are remembered; beyond it, strangers are refused until some are forgotten. */
  readonly addressesMax: number;
  /**
   * Users that are remembered: whoever is away longest is forgotten first. Those with connections
   * are kept in any case.
   */
  readonly usersMax: number;
  /** Auctions that one connection watches. */
  readonly subscriptionsPerConnectionMax: number;
  /** Frames of one connection that wait for their answer. */
  readonly inFlightPerConnectionMax: number;

  /** Frames a second of one connection. */
  readonly framesPerSecond: number;
  /** Bytes of frames a second of one connection. */
  readonly bytesPerSecond: number;
  /** Commands a second of one user, over all connections and REST. */
  readonly commandsPerSecondAndUser: number;
  /** REST requests and WebSocket upgrades a second of one address. */
  readonly requestsPerSecondAndAddress: number;
  /** Tokens checked a second for one address; a check costs a signature. */
  readonly signInsPerSecondAndAddress: number;
  /** So many seconds' worth may come in one burst. */
  readonly burstSeconds: number;
  /** Frames refused by a rate in a row before the connection is closed. */
  readonly rateRefusalsInARowMax: number;
  /** Unreadable frames before the connection is closed. */
  readonly malformedFramesMax: number;
  /** Tokens that are being checked at once. */
  readonly signInsAtOnceMax: number;

  /** One frame. */
  readonly frameBytesMax: number;
  /** From here on a frame is not even read: the connection is cut. */
  readonly frameBytesReadMax: number;
  readonly bodyBytesMax: number;
  readonly urlBytesMax: number;
  readonly headersMax: number;
  /** Nesting of objects and lists in JSON. */
  readonly jsonDepthMax: number;
  /** Entries of a page. */
  readonly pageMax: number;
  /** Entries of a page where the request does not say. */
  readonly pageDefault: number;

  /** Unsent bytes at which a connection is closed as slow, with a code. */
  readonly slowConsumerBytes: number;
  /** Unsent bytes at which it is cut, without one. */
  readonly backPressureBytesMax: number;

  /** Time to sign in (or, for watchers, to say something valid) after connecting. */
  readonly helloTimeoutMs: number;
  /** How often each connection gets the clock. */
  readonly tickMs: number;
  /** A connection from which nothing came for so long is closed. */
  readonly idleTimeoutMs: number;
  /** How often a stream of events gets a comment; the library cuts it after 10 s of quiet. */
  readonly streamCommentMs: number;
  /** Auctions that one stream of events watches. */
  readonly auctionsPerStreamMax: number;
  /** How long a poll waits for something new where the request does not say. */
  readonly pollWaitMs: number;
  /** … and at most: most proxies cut what is silent for a minute. */
  readonly pollWaitMsMax: number;
  /** Time for the body of a request to arrive; without an answer the library cuts it after 8 to 12 s. */
  readonly bodyTimeoutMs: number;
  /** A request that a shard has not answered by then is answered with UNKNOWN_OUTCOME. */
  readonly answerTimeoutMs: number;
  /** What a refusal for overload tells clients to wait. */
  readonly overloadRetryMs: number;
  /** Age of a shard's queue from which on commands are refused with OVERLOADED. */
  readonly targetAgeMs: number;
  /** Tiers whose users are refused last, like auctions that are about to end. */
  readonly priorityTiers: readonly string[];
  /** Whether watch-only mode switches itself on and off, and after how long of overload and calm. */
  readonly watchOnlyByItself: boolean;
  readonly watchOnlyAfterMs: number;
  readonly watchOnlyRecoveryMs: number;
  /** While it is on, who is not signed in gets the newest state so often at most. */
  readonly watchOnlyTickMs: number;

  /** Watchers of an auction get its newest state so often at most; 0: every update. */
  readonly conflationMs: number;
  /** Updates kept for each watched auction, for clients that resume. */
  readonly historyUpdatesMax: number;
  readonly historyBytesMax: number;
  /** How long an auction's updates are kept after the last watcher left. */
  readonly lingerMs: number;
  /** Newest notices of the private feed that are kept for each user. */
  readonly noticesPerUserMax: number;
  readonly noticeBytesPerUserMax: number;
  /** Users whose notices are kept; who was told nothing for longest is forgotten first. */
  readonly noticeUsersMax: number;
  /** Checked tokens that are remembered until they expire. */
  readonly tokensRememberedMax: number;
}

export const GATEWAY_LIMITS: GatewayLimits = GATEWAY;

/** The relations that the code relies on. @throws AssertionFailure */
export function assertLimits(limits: GatewayLimits): void {
  assert(limits.connectionsMax <= 900_000, 'connection numbers have 20 bits for the slot');
  const slots = limits.usersMax + limits.connectionsMax + limits.httpSocketsMax;
  assert(slots <= 1_000_000, 'user numbers have 20 bits for the slot');
  assert(limits.frameBytesMax <= limits.frameBytesReadMax, 'a frame in the limit can be read');
  assert(limits.bytesPerSecond >= limits.frameBytesMax, 'a second allows at least one frame');
  assert(limits.slowConsumerBytes <= limits.backPressureBytesMax, 'slow comes before cut');
  assert(limits.tickMs < limits.idleTimeoutMs, 'a connection is asked before it counts as dead');
  assert(limits.pollWaitMs <= limits.pollWaitMsMax, 'a poll may wait as long as it does');
  assert(limits.pollWaitMsMax <= limits.lingerMs, 'what comes between two polls is still there');
  assert(limits.answerTimeoutMs <= limits.lingerMs, 'an answer is not awaited beyond the linger');
  assert(limits.pageDefault <= limits.pageMax && limits.pageMax <= 100, 'pages hold at most 100');
}
