/**
 * Following by HTTP: Server-Sent Events of one auction, of several or of the private feed, and long
 * polls of one auction or of the private feed.
 */
import { AUCTION_ID_PATTERN } from '../auction/ids.ts';
import { formatDuration, parseDuration } from '../config/units.ts';
import { assert } from '../lib/assert.ts';
import { MalformedField } from '../protocol/field.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Parameter, Parameters } from './parameters.ts';
import { given } from './parameters.ts';
import type { Position } from './position.ts';
import { parsePosition, parsePositions } from './position.ts';
import type { RestRequest, Route } from './routes.ts';
import type { StreamDoor } from './stream-door.ts';

export interface StreamContext {
  readonly limits: GatewayLimits;
  readonly streams: StreamDoor;
}

export function streamRoutes(context: StreamContext): readonly Route[] {
  const polled = pollQuery(context.limits);
  const several = { auctions: auctionsOf(context.limits) };
  const route = (
    path: string,
    query: Parameters,
    run: Route['run'],
    access: Route['access'] = 'read',
  ): Route => ({
    method: 'GET',
    path,
    access,
    takesBody: false,
    query,
    run,
  });
  return [
    route('/v1/auctions/{id}/events', {}, (request) => follow(request, [request.id], context)),
    route('/v1/events', several, (request) =>
      follow(request, given(request.query, several).auctions, context),
    ),
    route('/v1/me/events', {}, (request) => followFeed(request, context), 'user'),
    route('/v1/me/notices', polled, (request) => pollFeed(request, context), 'user'),
  ];
}

function follow(request: RestRequest, ids: readonly string[], { streams }: StreamContext): void {
  const positions = parsePositions(request.lastEventId, ids.length, 'last-event-id');
  streams.stream(request, ids, positions);
}

/** A request for what came `after` a position. */
export function poll(request: RestRequest, { streams, limits }: StreamContext): void {
  const { after, wait } = given(request.query, pollQuery(limits));
  streams.poll(request, after, wait);
}

function followFeed(request: RestRequest, { streams }: StreamContext): void {
  const { user, lastEventId } = request;
  assert(user !== null, 'the route is for users');
  const after = lastEventId === '' ? null : parsePosition(lastEventId, 'last-event-id');
  streams.streamFeed(request, user, after);
}

function pollFeed(request: RestRequest, { streams, limits }: StreamContext): void {
  const { user, query } = request;
  assert(user !== null, 'the route is for users');
  const { after, wait } = given(query, pollQuery(limits));
  streams.pollFeed(request, user, after, wait);
}

interface PollQuery extends Parameters {
  readonly after: Parameter<Position | null>;
  /** Milliseconds. */
  readonly wait: Parameter<number>;
}

/** Where the route has an answer without them, too. */
export function optionalPollQuery(limits: GatewayLimits): Parameters {
  const { after, wait } = pollQuery(limits);
  const { json, means, otherwise, read } = after;
  return { after: { json, means, otherwise, read }, wait };
}

function pollQuery({ pollWaitMs, pollWaitMsMax }: GatewayLimits): PollQuery {
  const longest = formatDuration(pollWaitMsMax);
  return {
    after: {
      json: { type: 'string' },
      means: 'Waits for what came after this position, `epoch:seq`; `-`: none yet.',
      required: 'has to be given; - for no position',
      otherwise: null,
      read: (text) => parsePositions(text, 1, 'after')[0] ?? null,
    },
    wait: {
      json: { type: 'string', default: formatDuration(pollWaitMs) },
      means: `How long it waits where there is nothing newer, such as \`10s\`; at most ${longest}.`,
      otherwise: pollWaitMs,
      read(text) {
        const waitMs = parseDuration(text);
        if (waitMs !== undefined && waitMs <= pollWaitMsMax) return waitMs;
        throw new MalformedField(`must be a time of at most ${longest}`);
      },
    },
  };
}

function auctionsOf(limits: GatewayLimits): Parameter<readonly string[]> {
  const max = Math.min(limits.auctionsPerStreamMax, limits.subscriptionsPerConnectionMax);
  const fault = `must be 1 to ${max} different auction ids, with commas`;
  return {
    json: { type: 'string' },
    means: `1 to ${max} different auction ids, with commas.`,
    required: fault,
    otherwise: [],
    read(text) {
      const ids = text.split(',');
      const isGood =
        ids.length <= max &&
        new Set(ids).size === ids.length &&
        ids.every((id) => AUCTION_ID_PATTERN.test(id));
      if (isGood) return ids;
      throw new MalformedField(fault);
    },
  };
}
