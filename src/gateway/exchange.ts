/**
 * One HTTP request and its response: answers exactly once, and never touches a response that was
 * aborted. `onAborted` is attached before anything else, because a response without it that is left
 * for later stops the whole process (RELIABILITY.md section 3).
 */
import { STOP } from '../config/limits.ts';
import { withAliases } from '../protocol/json-codec.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { HttpReply } from './socket.ts';

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  408: '408 Request Timeout',
  409: '409 Conflict',
  413: '413 Content Too Large',
  414: '414 URI Too Long',
  415: '415 Unsupported Media Type',
  426: '426 Upgrade Required',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

export interface HttpRefusal {
  readonly status?: number;
  readonly retryAfterMs?: number | undefined;
  readonly field?: string | undefined;
  readonly reason?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The rest of the request must not be read: close the connection after the answer. */
  readonly close?: boolean;
}

export type Body = Uint8Array | 'TOO_LARGE' | 'ABORTED';

/** Headers of every answer. */
const ALWAYS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

export class Exchange {
  readonly #reply: HttpReply;
  readonly #limits: GatewayLimits;
  readonly #metrics: GatewayMetrics;
  /** Answered, or about to be. */
  #over = false;
  #aborted = false;
  #bodyDone: ((body: Body) => void) | null = null;
  #onGone: (() => void) | null = null;
  #chunks: Uint8Array[] = [];
  #bodyBytes = 0;
  #bodyBytesMax = 0;
  /** When the body has to be there; Infinity when none is awaited. */
  bodyDeadlineUs = Infinity;

  constructor(reply: HttpReply, limits: GatewayLimits, metrics: GatewayMetrics) {
    this.#reply = reply;
    this.#limits = limits;
    this.#metrics = metrics;
    reply.onAborted(() => {
      this.#over = true;
      this.#aborted = true;
      this.#endBody('ABORTED');
      this.#onGone?.();
    });
    metrics.httpRequests += 1;
  }

  /** Answered or aborted. */
  get over(): boolean {
    return this.#over;
  }

  /** Hands the response over to somebody who streams. Undefined: it is over already. */
  handOver(onGone: () => void): HttpReply | undefined {
    if (this.#over) return undefined;
    this.#over = true;
    this.#onGone = onGone;
    return this.#reply;
  }

  /** Takes a response back to which nothing has been written. */
  takeBack(): void {
    this.#onGone = null;
    this.#over = this.#aborted;
  }

  /** Collects the body; has to be called before the request's handler returns. */
  readBody(deadlineUs: number, bytesMax: number): Promise<Body> {
    this.bodyDeadlineUs = deadlineUs;
    this.#bodyBytesMax = bytesMax;
    return new Promise((resolve) => {
      this.#bodyDone = resolve;
      this.#reply.onData((chunk, isLast) => this.#chunk(chunk, isLast));
    });
  }

  json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.#end(status, 'application/json', JSON.stringify(withAliases(body)), headers, false);
  }

  /** An answer that is a refusal and says more than one. */
  jsonRefused(status: number, code: number, body: unknown): void {
    this.#metrics.refused(code);
    this.json(status, body);
  }

  bytes(
    status: number,
    type: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): void {
    this.#end(status, type, body, headers, false);
  }

  text(status: number, type: string, text: string): void {
    this.#end(status, type, text, {}, false);
  }

  /** A page for people. @param policy what the browser may load for it */
  page(html: string, policy: string): void {
    const headers = { 'content-security-policy': policy };
    this.#end(200, 'text/html; charset=utf-8', html, headers, false);
  }

  refuse(name: RefusalName, refusal: HttpRefusal = {}): void {
    const { code, message, retryable, http } = REFUSALS[name];
    const { field, reason } = refusal;
    this.#metrics.refused(code);
    const waitMs = name === 'SHUTTING_DOWN' ? STOP.retryMs : this.#limits.overloadRetryMs;
    const retryAfterMs = refusal.retryAfterMs ?? (retryable ? waitMs : undefined);
    const headers: Record<string, string> = { ...refusal.headers };
    if (retryAfterMs !== undefined) {
      headers['retry-after'] = `${Math.max(1, Math.ceil(retryAfterMs / 1000))}`;
    }
    if (name === 'NOT_SIGNED_IN') headers['www-authenticate'] = 'Bearer';
    if (name === 'TOKEN_INVALID' || name === 'TOKEN_EXPIRED') {
      headers['www-authenticate'] = 'Bearer error="invalid_token"';
    }
    const body = { code, name, message, retryable, retryAfterMs, field, reason };
    const text = JSON.stringify(body);
    this.#end(refusal.status ?? http, 'application/json', text, headers, refusal.close ?? false);
  }

  /** The body did not come in time. */
  timeOut(): void {
    this.bodyDeadlineUs = Infinity;
    const reason = 'the body did not arrive in time';
    this.refuse('MALFORMED', { status: 408, reason, close: true });
    this.#endBody('ABORTED');
  }

  #chunk(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#bodyDone === null) return;
    this.#bodyBytes += chunk.byteLength;
    if (this.#bodyBytes > this.#bodyBytesMax) return this.#endBody('TOO_LARGE');
    // The chunk is detached when this returns.
    if (chunk.byteLength > 0) this.#chunks.push(new Uint8Array(chunk.slice(0)));
    if (isLast) this.#endBody(Buffer.concat(this.#chunks));
  }

  #endBody(body: Body): void {
    const done = this.#bodyDone;
    this.#bodyDone = null;
    this.#chunks = [];
    this.bodyDeadlineUs = Infinity;
    done?.(body);
  }

  #end(
    status: number,
    type: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    close: boolean,
  ): void {
    if (this.#over) return;
    this.#over = true;
    const write = (): void => this.#write(status, type, body, headers, close);
    // The library goes on reading behind a request that was answered at once, whatever the answer
    // said about closing. Behind one that is still to be answered it cuts the connection.
    if (close) setImmediate(write);
    else write();
  }

  #write(
    status: number,
    type: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    close: boolean,
  ): void {
    if (this.#aborted) return;
    this.#metrics.responded(status);
    const reply = this.#reply;
    reply.cork(() => {
      reply.writeStatus(STATUS_TEXTS[status] ?? `${status}`);
      reply.writeHeader('content-type', type);
      const all = Object.entries({ ...ALWAYS, ...headers });
      for (const [name, value] of all) reply.writeHeader(name, value);
      if (status === 304) reply.endWithoutBody();
      else reply.end(body, close);
    });
  }
}
