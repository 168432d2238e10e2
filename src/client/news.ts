/**
 * How a transport over HTTP hears of what happens: as events of one long response, or as answers to
 * one poll after the other. Both tell the messages that a WebSocket of JSON gets, and move the
 * positions of what they follow.
 */
import { eventsOf } from './event-reader.ts';
import { HttpCut } from './http-request.ts';
import type { HttpRequests } from './http-request.ts';
import type { Json } from './http-wire.ts';
import type { Timers } from './timers.ts';
import { Alarm } from './timers.ts';

/** Something that is followed, and how far: `epoch:seq`, or `-` for not at all yet. */
export interface Place {
  /** Null: the private feed. */
  readonly auctionId: string | null;
  position: string;
  /** Somebody waits to hear where it stands. */
  readonly isAwaited: boolean;
}

export interface NewsOptions {
  readonly requests: HttpRequests;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly tell: (message: Json, place: Place | null) => void;
}

/** Tells until the signal ends it. @throws HttpRefused, HttpCut when it ends otherwise. */
export type News = (places: readonly Place[], options: NewsOptions) => Promise<void>;

/** Auctions of one stream; the server takes no more. */
const AUCTIONS_PER_STREAM = 32;
/** A comment comes every four seconds: a stream without a sign for so long is none. */
const STREAM_SILENCE_MS = 15_000;
/** Browsers open six connections to a server, and bids need some of them. */
const POLLS_WAITING_MAX = 2;
const POLL_WAIT_S = 25;
const POLL_LATE_MS = 10_000;
const ROUND_MS = 1_000;

export const newsByEvents: News = async (places, options) => {
  const auctions = places.filter(({ auctionId }) => auctionId !== null);
  const streams: Promise<void>[] = [];
  for (const place of places) {
    if (place.auctionId === null) streams.push(stream('/v1/me/events', [place], options));
  }
  for (let i = 0; i < auctions.length; i += AUCTIONS_PER_STREAM) {
    const some = auctions.slice(i, i + AUCTIONS_PER_STREAM);
    const ids = some.map(({ auctionId }) => auctionId).join(',');
    streams.push(stream(`/v1/events?auctions=${ids}`, some, options));
  }
  await Promise.all(streams);
};

async function stream(
  path: string,
  places: readonly Place[],
  { requests, timers, signal, tell }: NewsOptions,
): Promise<void> {
  const silent = new AbortController();
  const alarm = new Alarm(timers, () => silent.abort(new HttpCut('the stream is silent')));
  const alive = (): void => alarm.set(timers.now() + STREAM_SILENCE_MS);
  alive();
  try {
    const lastEventId = places.map(({ position }) => position).join(',');
    const ask = { path, signal: AbortSignal.any([signal, silent.signal]) };
    const body = await requests.stream(lastEventId === '-' ? ask : { ...ask, lastEventId });
    for await (const { id, data } of eventsOf(body, alive)) {
      if (signal.aborted) return;
      const message = JSON.parse(data) as Json;
      const place = placeOf(message, places);
      id.split(',').forEach((position, i) => {
        const known = places[i];
        if (known !== undefined) known.position = position;
      });
      tell(message, place);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    alarm.clear();
  }
  if (!signal.aborted) throw new HttpCut('the stream has ended');
}

/** Whom a message of a stream is about; null: the connection. */
function placeOf(message: Json, places: readonly Place[]): Place | null {
  if (places[0]?.auctionId === null) return places[0];
  if (message['type'] === 'refused') return places[(message['id'] as number) - 1] ?? null;
  const auction = message['auction'] as Json | undefined;
  const auctionId = message['auctionId'] ?? auction?.['auctionId'];
  return places.find((place) => place.auctionId === auctionId) ?? null;
}

export const newsByPolls: News = async (places, options) => {
  const { timers, signal } = options;
  const waitS = places.length <= POLLS_WAITING_MAX ? POLL_WAIT_S : 0;
  const loop = async (some: readonly Place[]): Promise<void> => {
    while (!signal.aborted) {
      for (const place of some) await poll(place, waitS, options);
      if (waitS === 0) await pause(timers, ROUND_MS);
    }
  };
  // One after the other where there are many.
  await Promise.all(waitS > 0 ? places.map((place) => loop([place])) : [loop(places)]);
};

async function poll(place: Place, waitS: number, options: NewsOptions): Promise<void> {
  const { requests, signal, tell } = options;
  if (signal.aborted) return;
  const { auctionId, position, isAwaited } = place;
  const seconds = isAwaited || position === '-' ? 0 : waitS;
  const path = auctionId === null ? '/v1/me/notices' : `/v1/auctions/${auctionId}`;
  const asked = { path: `${path}?after=${position}&wait=${seconds}s`, signal };
  let answer: Json;
  try {
    answer = await requests.json(asked, seconds * 1000 + POLL_LATE_MS);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  if (signal.aborted) return;
  tellAnswer(answer, place, tell);
}

function tellAnswer(answer: Json, place: Place, tell: NewsOptions['tell']): void {
  const { recovered, serverTimeMs, retryAfterMs, mode } = answer;
  const list = (answer['updates'] ?? answer['notices']) as readonly Json[];
  place.position = answer['position'] as string;
  if (place.auctionId === null) tell({ type: 'welcome', recovered }, place);
  else if (recovered === true && place.isAwaited) {
    const [epoch, seq] = place.position.split(':').map(Number);
    tell({ type: 'resumed', epoch, seq, missed: list.length }, place);
  }
  for (const message of list) tell(message, place);
  tell({ type: 'tick', serverTimeMs }, null);
  // Servers of an earlier version do not say it.
  if (typeof mode === 'object') tell({ ...mode, type: 'mode', serverTimeMs }, null);
  if (typeof retryAfterMs === 'number') {
    tell({ type: 'goodbye', code: 3001, reason: '', reconnectAfterMs: retryAfterMs }, null);
  }
}

function pause(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => void timers.setTimeout(resolve, ms));
}
