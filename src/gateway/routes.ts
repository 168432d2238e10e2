/** The table of REST routes: what matches an address, and what it asks of the caller. */
import type { RefusalName } from '../protocol/refusals.ts';
import type { AddressEntry } from './address-table.ts';
import type { Exchange } from './exchange.ts';
import type { Parameters } from './parameters.ts';
import type { User } from './user.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request that has passed the door. */
export interface RestRequest {
  readonly exchange: Exchange;
  /** What stands in place of the first placeholder of the path, and of the second; else empty. */
  readonly id: string;
  readonly record: string;
  readonly query: URLSearchParams;
  /** The header `Idempotency-Key` as it came; empty: none. */
  readonly idempotencyKey: string;
  readonly user: User | null;
  readonly roles: number;
  readonly address: AddressEntry;
  /** The session of an own account that the token belongs to; null: none. */
  readonly accountSession: string | null;
  /** When the caller's token ends; Infinity without one. */
  readonly expiresAtMs: number;
  /** The header with which a stream goes on; empty: there is none. */
  readonly lastEventId: string;
  /** The header `If-None-Match`; empty: there is none. */
  readonly ifNoneMatch: string;
  /** The body of an upload with its type as sent; empty for other routes. */
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** The JSON object sent; empty for routes that take none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Route {
  readonly method: Method;
  /** Parts between slashes; up to two such as `{id}` stand for any one part. */
  readonly path: string;
  /** `open`: everybody; `user`: signed in; `read`: signed in, or anybody where watching is open; else roles, any of. */
  readonly access: 'open' | 'read' | 'user' | number;
  readonly takesBody: boolean;
  /** The body is a file of any type, and may be larger. Not given: JSON. */
  readonly upload?: { readonly bytesMax: number };
  /** What an id looks like. Not given: as that of an auction. */
  readonly idPattern?: RegExp;
  /** What is said of an id that cannot be one. Not given: AUCTION_UNKNOWN. */
  readonly unknownId?: RefusalName;
  /** Parameters of the query that it knows; names alone only until they are described. */
  readonly query: Parameters | readonly string[];
  run(request: RestRequest): Promise<void> | void;
}

export type Match =
  | { readonly route: Route; readonly id: string; readonly record: string }
  /** The address exists, the method does not. */
  | { readonly allow: string }
  | undefined;

export class RouteTable {
  readonly #routes: readonly { readonly parts: readonly string[]; readonly route: Route }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ parts: route.path.split('/'), route }));
  }

  match(method: string, path: string): Match {
    const parts = path.split('/');
    const allow: string[] = [];
    for (const { parts: pattern, route } of this.#routes) {
      const found = matched(pattern, parts);
      if (found === undefined) continue;
      if (route.method === method) return { route, ...found };
      allow.push(route.method);
    }
    return allow.length === 0 ? undefined : { allow: allow.join(', ') };
  }
}

/** The parts in place of the first and the second placeholder, when the path fits. */
function matched(
  pattern: readonly string[],
  parts: readonly string[],
): { readonly id: string; readonly record: string } | undefined {
  if (pattern.length !== parts.length) return undefined;
  const found: string[] = [];
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i]?.startsWith('{') === true && parts[i] !== '') found.push(parts[i] as string);
    else if (pattern[i] !== parts[i]) return undefined;
  }
  const [id = '', record = ''] = found;
  return { id, record };
}
