/**
 * Where REST requests come in. One way for all of them:
 *
 *   head ─▶ fault? ─▶ ready? ─▶ route ─▶ body announced? type? ─▶ who? rate ─▶ role ─▶ body ─▶ run
 *           400 414    503     404 405       413 415 503        401 429     403    400 408 413
 *
 * Whatever is thrown on the way becomes a 500 that names an entry of the log and nothing else.
 */
import { customAlphabet } from 'nanoid';
import { AUCTION_ID_PATTERN } from '../auction/ids.ts';
import { MalformedField } from '../protocol/field.ts';
import { parseObject } from '../protocol/json-codec.ts';
import { IMAGES } from '../config/limits.ts';
import type { AddressEntry, AddressTable } from './address-table.ts';
import type { Body } from './exchange.ts';
import { Exchange } from './exchange.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayLog } from './gateway-log.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { LifeCycle } from './life-cycle.ts';
import { namesOf } from './parameters.ts';
import type { RequestHead } from './request-head.ts';
import { clientKey, hasBody, headFault, readHead } from './request-head.ts';
import type { Route } from './routes.ts';
import { RouteTable } from './routes.ts';
import type { HttpHead, HttpReply } from './socket.ts';
import type { TokenVerifier } from './token-verifier.ts';
import type { Identity, User } from './user.ts';
import { neededRole } from './user.ts';
import type { UserTable } from './user-table.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const newLogId = customAlphabet('0123456789abcdefghjkmnpqrstvwxyz', 16);
const NO_BYTES = new Uint8Array();
const JSON_TYPE = /^application\/json\s*(;\s*charset=utf-8\s*)?$/i;

export interface RestDoorOptions {
  readonly routes: readonly Route[];
  readonly limits: GatewayLimits;
  readonly allowAnonymous: boolean;
  readonly trustProxy: boolean;
  /** Absent: answers also while the rest is not ready (the internal listener). */
  readonly life?: LifeCycle;
  readonly verifier: TokenVerifier;
  readonly users: UserTable;
  readonly addresses: AddressTable;
  readonly metrics: GatewayMetrics;
  readonly log: GatewayLog;
  readonly nowUs: () => number;
}

interface Caller {
  readonly user: User | null;
  readonly roles: number;
  readonly expiresAtMs: number;
  readonly accountSession: string | null;
}

export class RestDoor {
  readonly #options: RestDoorOptions;
  readonly #routes: RouteTable;
  /** Requests whose body has not arrived. */
  readonly #awaitingBody = new Set<Exchange>();
  #open = 0;
  /** Bytes that uploads on their way may come to. */
  #uploadBytes = 0;

  constructor(options: RestDoorOptions) {
    this.#options = options;
    this.#routes = new RouteTable(options.routes);
  }

  /** Requests that are being worked on. */
  get open(): number {
    return this.#open;
  }

  handle(reply: HttpReply, request: HttpHead): void {
    const { limits, metrics, trustProxy } = this.#options;
    const exchange = new Exchange(reply, limits, metrics);
    try {
      const head = readHead(request);
      this.#begin(exchange, head, clientKey(reply, head, trustProxy));
    } catch (error) {
      this.#failed(exchange, error);
    }
  }

  /** Ends requests whose body takes too long. */
  sweep(nowUs: number): void {
    for (const exchange of this.#awaitingBody) {
      if (exchange.bodyDeadlineUs === Infinity || exchange.over)
        this.#awaitingBody.delete(exchange);
      else if (exchange.bodyDeadlineUs <= nowUs) exchange.timeOut();
    }
  }

  /** Everything that must happen before the library takes the request's head away. */
  #begin(exchange: Exchange, head: RequestHead, addressKey: string): void {
    const { limits, life, nowUs, addresses } = this.#options;
    const fault = headFault(head, limits);
    if (fault !== undefined) return exchange.refuse(fault.name, { ...fault, close: true });
    const announced = hasBody(head);
    const close = announced;
    const closed = life?.refusal();
    if (closed !== undefined) return exchange.refuse(closed, { close });
    const match = this.#routes.match(head.method, head.path);
    if (match === undefined) return exchange.refuse('NOT_FOUND', { close });
    if ('allow' in match) {
      const headers = { allow: match.allow };
      return exchange.refuse('METHOD_NOT_ALLOWED', { headers, close });
    }
    const { route, id, record } = match;
    if (id !== '' && !(route.idPattern ?? AUCTION_ID_PATTERN).test(id))
      return exchange.refuse(route.unknownId ?? 'AUCTION_UNKNOWN', { close });
    if (announced && !route.takesBody) {
      return exchange.refuse('MALFORMED', { field: 'body', reason: 'is not taken here', close });
    }
    const bytesMax = route.upload?.bytesMax ?? limits.bodyBytesMax;
    if (Number(head.contentLengths[0] ?? 0) > bytesMax) {
      return exchange.refuse('TOO_LARGE', { close });
    }
    if (route.takesBody && route.upload === undefined && !JSON_TYPE.test(head.contentType)) {
      return exchange.refuse('UNSUPPORTED_MEDIA_TYPE', { close });
    }
    const address = addresses.entry(addressKey, nowUs());
    if (address === undefined) return exchange.refuse('TOO_MANY_REQUESTS', { close });

    const isUpload = announced && route.upload !== undefined;
    const uploadBytes = isUpload ? Number(head.contentLengths[0] ?? bytesMax) : 0;
    if (this.#uploadBytes + uploadBytes > IMAGES.uploadBytesMax) {
      return exchange.refuse('OVERLOADED', { close });
    }
    let body: Promise<Body> = Promise.resolve(new Uint8Array());
    if (announced) {
      const withinMs = isUpload ? IMAGES.uploadMsMax : limits.bodyTimeoutMs;
      body = exchange.readBody(nowUs() + withinMs * 1000, bytesMax);
      this.#awaitingBody.add(exchange);
    }
    this.#open += 1;
    this.#uploadBytes += uploadBytes;
    this.#run(exchange, head, { route, id, record }, address, body)
      .catch((error: unknown) => this.#failed(exchange, error))
      .finally(() => {
        this.#open -= 1;
        this.#uploadBytes -= uploadBytes;
        this.#awaitingBody.delete(exchange);
      });
  }

  async #run(
    exchange: Exchange,
    head: RequestHead,
    match: { readonly route: Route; readonly id: string; readonly record: string },
    address: AddressEntry,
    bodyArrives: Promise<Body>,
  ): Promise<void> {
    const close = hasBody(head);
    const caller = await this.#caller(exchange, head.authorization, match.route, address, close);
    if (caller === undefined) return;
    try {
      await this.#answer(exchange, head, match, address, bodyArrives, caller);
    } finally {
      if (caller.user !== null) this.#options.users.release(caller.user);
    }
  }

  async #answer(
    exchange: Exchange,
    head: RequestHead,
    match: { readonly route: Route; readonly id: string; readonly record: string },
    address: AddressEntry,
    bodyArrives: Promise<Body>,
    caller: Caller,
  ): Promise<void> {
    const { route, id, record } = match;
    const body = await bodyArrives;
    if (body === 'ABORTED') return;
    if (body === 'TOO_LARGE') return exchange.refuse('TOO_LARGE', { close: true });
    const query = new URLSearchParams(head.query);
    const known = namesOf(route.query);
    for (const name of query.keys()) {
      if (!known.includes(name)) {
        const field = name.slice(0, 64).toWellFormed();
        return exchange.refuse('MALFORMED', { field, reason: 'is not a known parameter' });
      }
    }
    try {
      const isUpload = route.upload !== undefined;
      const object = route.takesBody && !isUpload ? this.#parse(body) : {};
      const bytes = isUpload ? body : NO_BYTES;
      const { idempotencyKey, lastEventId, ifNoneMatch, contentType } = head;
      const said = { idempotencyKey, lastEventId, ifNoneMatch, contentType };
      const request = { exchange, id, record, query, address, bytes, ...said };
      await route.run({ ...request, ...caller, body: object });
    } catch (error) {
      if (!(error instanceof MalformedField)) throw error;
      const field = error.path.replace(/^(listing|changes)\.?/, '') || 'body';
      exchange.refuse('MALFORMED', { field, reason: error.message });
    }
  }

  /** Who asks, if they may, to be released by the users' table; else it has been refused. */
  async #caller(
    exchange: Exchange,
    authorization: string,
    route: Route,
    address: AddressEntry,
    close: boolean,
  ): Promise<Caller | undefined> {
    const { limits, nowUs, users, allowAnonymous } = this.#options;
    const tooMany = (waitUs: number): undefined => {
      exchange.refuse('TOO_MANY_REQUESTS', { retryAfterMs: Math.ceil(waitUs / 1000), close });
    };
    if (authorization === '') {
      const rate = limits.requestsPerSecondAndAddress;
      const waitUs = address.requests.take(nowUs(), 1, rate, limits.burstSeconds);
      if (waitUs > 0) return tooMany(waitUs);
      const mayRead = route.access === 'open' || (route.access === 'read' && allowAnonymous);
      if (mayRead) return { user: null, roles: 0, expiresAtMs: Infinity, accountSession: null };
      exchange.refuse('NOT_SIGNED_IN', { close });
      return undefined;
    }
    const identity = await this.#identity(authorization, address);
    if (typeof identity === 'number') return tooMany(identity);
    if (typeof identity === 'string') {
      exchange.refuse(identity, { close });
      return undefined;
    }
    const user = users.user(identity.userId);
    user.tier = identity.tier ?? null;
    const rate = limits.commandsPerSecondAndUser;
    const waitUs = user.commands.take(nowUs(), 1, rate, limits.burstSeconds);
    if (waitUs > 0) return tooMany(waitUs);
    if (typeof route.access === 'number' && (identity.roles & route.access) === 0) {
      exchange.refuse('ROLE_MISSING', { reason: neededRole(route.access), close });
      return undefined;
    }
    users.hold(user);
    const { roles, expiresAtMs, accountSession = null } = identity;
    return { user, roles, expiresAtMs, accountSession };
  }

  /** The identity, why there is none, or the microseconds to wait before the next attempt. */
  async #identity(
    authorization: string,
    address: AddressEntry,
  ): Promise<Identity | 'TOKEN_INVALID' | 'TOKEN_EXPIRED' | number> {
    const { limits, nowUs, verifier } = this.#options;
    const token = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1];
    if (token === undefined) return 'TOKEN_INVALID';
    const known = verifier.known(token);
    if (known !== undefined) return known;
    const rate = limits.signInsPerSecondAndAddress;
    const waitUs = address.signIns.take(nowUs(), 1, rate, limits.burstSeconds);
    return waitUs > 0 ? waitUs : verifier.verify(token);
  }

  #parse(body: Uint8Array): Record<string, unknown> {
    let text: string;
    try {
      text = utf8.decode(body);
    } catch {
      throw new MalformedField('is not UTF-8', 'body');
    }
    return parseObject(text, this.#options.limits.jsonDepthMax);
  }

  #failed(exchange: Exchange, error: unknown): void {
    const logId = newLogId();
    this.#options.log.error({ err: error, logId }, 'a request could not be handled');
    exchange.refuse('INTERNAL', { reason: `log entry ${logId}` });
  }
}
