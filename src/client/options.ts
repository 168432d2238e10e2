/** What connect() takes, and what stands where nothing is said. */
import type { WebSocketClass, WebSocketLike } from './web-socket.ts';
import type { Backoff } from './backoff.ts';
import { InvalidArgument } from './errors.ts';
import type { Timers } from './timers.ts';
import { SYSTEM_TIMERS } from './timers.ts';

/** How the server is reached; from the best to the last. */
export type Transport = 'websocket' | 'events' | 'polling';

const TRANSPORTS: readonly Transport[] = ['websocket', 'events', 'polling'];

export interface ConnectOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; `/v1/ws` is added where there is no path. */
  readonly url: string;
  /**
   * A token, or a function that gets one: it is asked at every connect, so that an expired one is
   * replaced. Without one the connection may only watch.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Whether the private feed is sent to this connection. Default: true. */
  readonly feed?: boolean;
  /** Name and version of the program, for the server's logs. */
  readonly client?: string;
  /** Default: the global WebSocket of browsers and Node 22. */
  readonly WebSocket?: WebSocketClass;
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch;
  /**
   * The transports that may be taken, the best first: the next one where one does not work. Default:
   * `websocket`, `events`, `polling`.
   */
  readonly transports?: readonly Transport[];
  /** An unanswered command is sent again after this time. Default: 4 s. */
  readonly attemptTimeoutMs?: number;
  /** A command without an answer is given up after this time. Default: 20 s. */
  readonly timeoutMs?: number;
  /** Time for one attempt to connect and sign in. Default: 10 s. */
  readonly connectTimeoutMs?: number;
  /** Without a connection for this long, the client closes. Default: never. */
  readonly giveUpAfterMs?: number;
  /** Waits between attempts to connect. Default: 0.5 s, doubled up to 20 s, with full jitter. */
  readonly backoff?: Partial<Backoff>;
  /** Commands that may wait for an answer, sent or not. Default: 1,000. */
  readonly unansweredMax?: number;
  /** States that a watch with `every` holds back for a slow reader. Default: 1,000. */
  readonly statesMax?: number;
  /** For tests. */
  readonly timers?: Timers;
  /** For tests: numbers from 0 up to 1. */
  readonly random?: () => number;
}

export interface ClientSettings {
  readonly url: string;
  readonly token: (() => string | Promise<string>) | null;
  /** The token cannot change: an expired one is the end. */
  readonly tokenIsFixed: boolean;
  readonly feed: boolean;
  readonly client: string;
  readonly open: (url: string, protocol: string) => WebSocketLike;
  readonly transports: readonly Transport[];
  /** The address that paths of REST are added to. */
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly attemptTimeoutMs: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly giveUpAfterMs: number;
  readonly backoff: Backoff;
  readonly unansweredMax: number;
  readonly statesMax: number;
  readonly timers: Timers;
  readonly random: () => number;
}

/** @throws InvalidArgument */
export function settingsOf(options: ConnectOptions): ClientSettings {
  const { token, backoff } = options;
  return {
    url: webSocketUrl(options.url),
    token: token === undefined ? null : typeof token === 'string' ? () => token : token,
    tokenIsFixed: typeof token === 'string',
    feed: options.feed ?? true,
    client: options.client ?? 'gavel-sdk/1',
    open: opener(options.WebSocket),
    transports: transportsOf(options.transports ?? TRANSPORTS),
    base: httpUrl(options.url),
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    attemptTimeoutMs: positive('attemptTimeoutMs', options.attemptTimeoutMs ?? 4_000),
    timeoutMs: positive('timeoutMs', options.timeoutMs ?? 20_000),
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    giveUpAfterMs: positive('giveUpAfterMs', options.giveUpAfterMs ?? Infinity),
    backoff: { baseMs: backoff?.baseMs ?? 500, maxMs: backoff?.maxMs ?? 20_000 },
    unansweredMax: positive('unansweredMax', options.unansweredMax ?? 1_000),
    statesMax: positive('statesMax', options.statesMax ?? 1_000),
    timers: options.timers ?? SYSTEM_TIMERS,
    random: options.random ?? Math.random,
  };
}

export function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new InvalidArgument(name, 'must be above 0');
}

/** The address of the WebSocket. @throws InvalidArgument */
export function webSocketUrl(address: string): string {
  const url = parse(address);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.pathname === '/') url.pathname = '/v1/ws';
  return url.href;
}

/** The address that REST paths are added to, without a slash at its end. @throws InvalidArgument */
export function httpUrl(address: string): string {
  const url = parse(address);
  const scheme =
    url.protocol === 'ws:' ? 'http:' : url.protocol === 'wss:' ? 'https:' : url.protocol;
  const path = url.pathname.replace(/\/v1\/ws$/, '').replace(/\/$/, '');
  return `${scheme}//${url.host}${path}`;
}

function transportsOf(transports: readonly Transport[]): readonly Transport[] {
  const isGood = transports.length > 0 && transports.every((one) => TRANSPORTS.includes(one));
  if (isGood) return transports;
  throw new InvalidArgument('transports', `must be some of ${TRANSPORTS.join(', ')}`);
}

function parse(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && ['ws:', 'wss:', 'http:', 'https:'].includes(url.protocol)) return url;
  throw new InvalidArgument('url', 'must be a ws:, wss:, http: or https: address');
}

function opener(given: WebSocketClass | undefined): ClientSettings['open'] {
  const Socket = given ?? (globalThis.WebSocket as WebSocketClass | undefined);
  if (Socket === undefined) {
    throw new InvalidArgument('WebSocket', 'has to be given: there is no global one here');
  }
  return (url, protocol) => new Socket(url, [protocol]);
}
