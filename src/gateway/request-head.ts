/**
 * The head of a request, read and judged before anything else: what two parsers could understand in
 * two ways (two lengths, a length and chunks, no or two hosts) is refused, because a proxy in front
 * of us may be the other parser. The library's own parser lets these pass (RELIABILITY.md
 * section 3).
 */
import type { RefusalName } from '../protocol/refusals.ts';
import { addressKey, forwardedKey } from './address-table.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { HttpHead, HttpReply } from './socket.ts';

export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: number;
  readonly hosts: readonly string[];
  readonly contentLengths: readonly string[];
  readonly transferEncodings: readonly string[];
  readonly expect: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly idempotencyKey: string;
  readonly origin: string;
  readonly ifNoneMatch: string;
  readonly lastEventId: string;
  readonly forwardedFor: string;
  readonly webSocketProtocol: string;
  readonly webSocketKey: string;
}

export interface HeadFault {
  readonly name: RefusalName;
  readonly status?: number;
  readonly field?: string;
  readonly reason: string;
}

export function readHead(request: HttpHead): RequestHead {
  const hosts: string[] = [];
  const contentLengths: string[] = [];
  const transferEncodings: string[] = [];
  let headers = 0;
  request.forEach((name, value) => {
    headers += 1;
    if (name === 'host') hosts.push(value);
    else if (name === 'content-length') contentLengths.push(value);
    else if (name === 'transfer-encoding') transferEncodings.push(value);
  });
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    headers,
    hosts,
    contentLengths,
    transferEncodings,
    expect: request.getHeader('expect'),
    authorization: request.getHeader('authorization'),
    contentType: request.getHeader('content-type'),
    idempotencyKey: request.getHeader('idempotency-key'),
    origin: request.getHeader('origin'),
    ifNoneMatch: request.getHeader('if-none-match'),
    lastEventId: request.getHeader('last-event-id'),
    forwardedFor: request.getHeader('x-forwarded-for'),
    webSocketProtocol: request.getHeader('sec-websocket-protocol'),
    webSocketKey: request.getHeader('sec-websocket-key'),
  };
}

/** What is wrong with a head; undefined: nothing. */
export function headFault(head: RequestHead, limits: GatewayLimits): HeadFault | undefined {
  const { hosts, contentLengths, transferEncodings } = head;
  const malformed = (field: string, reason: string): HeadFault => ({
    name: 'MALFORMED',
    field,
    reason,
  });
  if (head.path.length + head.query.length + 1 > limits.urlBytesMax) {
    const reason = `the address is longer than ${limits.urlBytesMax} bytes`;
    return { name: 'TOO_LARGE', status: 414, reason };
  }
  if (head.headers > limits.headersMax) {
    return malformed('headers', `there are more than ${limits.headersMax}`);
  }
  if (hosts.length !== 1 || hosts[0] === '') return malformed('host', 'there must be exactly one');
  if (contentLengths.length > 1) return malformed('content-length', 'there must be at most one');
  if (transferEncodings.length > 1 || (transferEncodings[0] ?? 'chunked') !== 'chunked') {
    return malformed('transfer-encoding', 'nothing but chunked is taken');
  }
  if (transferEncodings.length === 1 && contentLengths.length === 1) {
    return malformed('transfer-encoding', 'there must not be a content-length as well');
  }
  const length = contentLengths[0];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    return malformed('content-length', 'must be a number');
  }
  // The library has answered 100 to this one already.
  if (head.expect !== '' && head.expect.toLowerCase() !== '100-continue') {
    return malformed('expect', 'nothing but 100-continue is taken');
  }
  return undefined;
}

/** Whether the head announces a body. */
export function hasBody(head: RequestHead): boolean {
  return head.transferEncodings.length > 0 || Number(head.contentLengths[0] ?? 0) > 0;
}

/** Whom the limits count: the socket's other end, or whom a trusted proxy names. */
export function clientKey(reply: HttpReply, head: RequestHead, trustProxy: boolean): string {
  const forwarded = trustProxy ? forwardedKey(head.forwardedFor) : undefined;
  return forwarded ?? addressKey(reply.getRemoteAddress());
}
