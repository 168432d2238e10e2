/** The routes of Server-Sent Events: one auction, or several in one stream. */
import { AUCTION_ID_PATTERN } from '../auction/ids.ts';
import { MalformedField } from '../protocol/field.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Parameter, Parameters } from './parameters.ts';
import { given } from './parameters.ts';
import { parsePositions } from './position.ts';
import type { RestRequest, Route } from './routes.ts';
import type { StreamDoor } from './stream-door.ts';

export interface StreamContext {
  readonly limits: GatewayLimits;
  readonly streams: StreamDoor;
}

export function streamRoutes(context: StreamContext): readonly Route[] {
  const several = { auctions: auctionsOf(context.limits) };
  const route = (path: string, query: Parameters, run: Route['run']): Route => ({
    method: 'GET',
    path,
    access: 'read',
    takesBody: false,
    query,
    run,
  });
  return [
    route('/v1/auctions/{id}/events', {}, (request) => follow(request, [request.id], context)),
    route('/v1/events', several, (request) =>
      follow(request, given(request.query, several).auctions, context),
    ),
  ];
}

function follow(request: RestRequest, ids: readonly string[], { streams }: StreamContext): void {
  const positions = parsePositions(request.lastEventId, ids.length, 'last-event-id');
  streams.open(request, ids, positions);
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
