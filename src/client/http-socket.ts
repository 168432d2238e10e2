/**
 * A line to the server over HTTP that looks like a WebSocket to the rest of the SDK: what is sent
 * becomes requests, and answers and news become the frames that a WebSocket would have brought.
 *
 *   hello ─────────▶ is the token good?      ─▶ welcome, the notices missed
 *   subscribe ─────▶ news, by events or polls ─▶ snapshot or resumed, updates …
 *   bid, buy … ────▶ POST, with its nonce    ─▶ answer, or refused
 *   get, ping … ───▶ GET                     ─▶ auction, pong …
 *
 * Whatever breaks, breaks the line: it closes as a WebSocket does, and the next one resumes.
 */
import { messageByNumber } from '../protocol/messages.ts';
import { TEXT_FIELD_NAMES } from '../protocol/views.ts';
import type { HttpAsk, HttpRequests } from './http-request.ts';
import { HttpRefused } from './http-request.ts';
import type { Json } from './http-wire.ts';
import { frameOf } from './http-wire.ts';
import type { News, Place } from './news.ts';
import type { Timers } from './timers.ts';
import { Alarm } from './timers.ts';
import type { CloseReason, WebSocketLike } from './web-socket.ts';
import { OPEN } from './web-socket.ts';
import { plainOf } from './wire.ts';

const CONNECTING = 0;
const CLOSED = 3;
const BROKEN = 1006;
const REQUEST_MS = 10_000;
/** How often the server's clock is asked for, which is also a sign of life. */
const SIGN_OF_LIFE_MS = 20_000;
const TICK_MS = 25_000;
const TOKEN_EXPIRED = 3005;
const PROTOCOL = 1;
/** In place of the request id, where a welcome answers none. */
const NOBODY_ASKED = 0;

/** Where commands go. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ['place_bid', 'bids'],
  ['buy_now', 'buy-now'],
  ['retract', 'retract'],
]);

class FollowedPlace implements Place {
  readonly auctionId: string | null;
  readonly handle: number;
  position: string;
  /** Requests that have not heard where it stands. */
  awaited: number[] = [];
  constructor(auctionId: string | null, handle: number, position: string) {
    this.auctionId = auctionId;
    this.handle = handle;
    this.position = position;
  }
  get isAwaited(): boolean {
    return this.awaited.length > 0;
  }
}

type Listener = (event: never) => void;

export class HttpSocket implements WebSocketLike {
  binaryType = 'arraybuffer';
  #state = CONNECTING;
  readonly #requests: HttpRequests;
  readonly #news: News;
  readonly #timers: Timers;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #over = new AbortController();
  readonly #places = new Map<string, FollowedPlace>();
  #feed: FollowedPlace | null = null;
  /** What the last hello was answered with. */
  #welcome: Json = {};
  /** Ends the news that are told at present. */
  #newsOver = new AbortController();
  #modeSaidAtMs = 0;
  #handles = 0;
  #isSettling = false;
  readonly #life: Alarm;

  constructor(requests: HttpRequests, news: News, timers: Timers) {
    this.#requests = requests;
    this.#news = news;
    this.#timers = timers;
    this.#life = new Alarm(timers, () => this.#run(this.#clock()));
    this.#run(this.#open());
  }

  get readyState(): number {
    return this.#state;
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type);
    if (listeners === undefined) this.#listeners.set(type, [listener]);
    else listeners.push(listener);
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    const [number, ...fields] = plainOf(frame);
    const message = messageByNumber(number as number);
    if (message === undefined) return;
    const value = message.toNamed(message.fromPositional([number, ...fields]));
    this.#run(this.#sent(message.name, value));
  }

  close(): void {
    this.#end({ code: BROKEN, reason: '' });
  }

  async #open(): Promise<void> {
    await this.#clock();
    if (this.#state !== CONNECTING) return;
    this.#state = OPEN;
    this.#emit('open', {});
  }

  async #clock(): Promise<void> {
    const { serverTimeMs } = await this.#get('/v1/time');
    this.#life.set(this.#timers.now() + SIGN_OF_LIFE_MS);
    if (this.#state === OPEN) this.#say('tick', { serverTimeMs });
  }

  async #sent(name: string, value: Json): Promise<void> {
    const id = value['id'] as number;
    const path = `/v1/auctions/${String(value['auctionId'])}`;
    switch (name) {
      case 'hello':
        return this.#answerOr(id, () => this.#hello(value));
      case 'ping': {
        const { serverTimeMs } = await this.#get('/v1/time');
        return this.#say('pong', { ...value, serverTimeMs });
      }
      case 'subscribe':
        return this.#subscribe(value);
      case 'unsubscribe':
        this.#places.delete(value['auctionId'] as string);
        this.#follow();
        return this.#say('done', { id });
      case 'get':
        return this.#answerOr(id, async () => {
          const body = await this.#get(path);
          const { leadingBidderId, winnerId, relistedAs, ...auction } = body;
          const text = Object.fromEntries(TEXT_FIELD_NAMES.map((part) => [part, body[part]]));
          this.#say('auction', { id, auction, text, leadingBidderId, winnerId, relistedAs });
        });
      case 'get_receipt':
        return this.#answerOr(id, async () => {
          const { receipt } = await this.#get(`${path}/bids/${String(value['record'])}/receipt`);
          this.#say('receipt', { id, receipt });
        });
    }
    const command = COMMANDS.get(name);
    if (command !== undefined) await this.#command(id, `${path}/${command}`, value);
  }

  /** A token that is good, and what its user has missed. */
  async #hello({ id, token, feed, after }: Json): Promise<void> {
    const place = after as { readonly epoch: number; readonly seq: number } | undefined;
    const from = place === undefined ? '-' : `${place.epoch}:${place.seq}`;
    this.#requests.token = token as string;
    const heard = await this.#get(`/v1/me/notices?after=${from}&wait=0s`);
    const notices = heard['notices'] as readonly Json[];
    const recovered = place === undefined ? null : heard['recovered'];
    const position = recovered === true ? place : positionOf(heard['position'] as string);
    const { serverTimeMs } = heard;
    const { sub: userId, exp } = claimsOf(token as string);
    const welcome = { id, userId, protocol: PROTOCOL, serverTimeMs, tickMs: TICK_MS };
    const fed = feed === false ? {} : { position, recovered, missed: notices.length };
    this.#welcome = { ...welcome, expiresAtMs: (exp as number) * 1000 };
    this.#say('welcome', { ...this.#welcome, ...fed });
    if (feed !== false) {
      for (const notice of notices) this.#say(notice['type'] as string, notice);
      this.#feed ??= new FollowedPlace(null, 0, heard['position'] as string);
    }
    // With the new token, where there was another one.
    this.#follow();
  }

  async #command(id: number, path: string, value: Json): Promise<void> {
    const { type: _, id: _id, auctionId: _auction, ...body } = value;
    const ask = { method: 'POST', path, body, signal: this.#over.signal } as const;
    await this.#answerOr(id, async () => {
      this.#say('answer', { id, ...(await this.#requests.json(ask, REQUEST_MS)) });
    });
  }

  #subscribe({ id, auctionId, epoch, seq }: Json): void {
    const named = auctionId as string;
    const position = epoch === undefined ? '-' : `${String(epoch)}:${String(seq)}`;
    const known = this.#places.get(named);
    const place = known ?? new FollowedPlace(named, ++this.#handles, position);
    place.position = position;
    place.awaited.push(id as number);
    this.#places.set(named, place);
    this.#follow();
  }

  /** Follows what is to be followed now, once for all that was asked in one go. */
  #follow(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    queueMicrotask(() => {
      this.#isSettling = false;
      this.#newsOver.abort();
      this.#newsOver = new AbortController();
      if (this.#state === OPEN) this.#run(this.#listen(this.#newsOver.signal));
    });
  }

  async #listen(ended: AbortSignal): Promise<void> {
    const places = [...this.#places.values(), ...(this.#feed === null ? [] : [this.#feed])];
    if (places.length === 0) return;
    const signal = AbortSignal.any([ended, this.#over.signal]);
    const tell = (message: Json, place: Place | null): void => {
      if (!signal.aborted) this.#heard(message, place as FollowedPlace | null);
    };
    const options = { requests: this.#requests, timers: this.#timers, signal, tell };
    try {
      await this.#news(places, options);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #heard(message: Json, place: FollowedPlace | null): void {
    const type = message['type'] as string;
    const awaited = place?.awaited.splice(0) ?? [];
    const handle = place?.handle ?? 0;
    switch (type) {
      case 'snapshot':
        for (const id of awaited) this.#say(type, message, { id, handle });
        if (awaited.length === 0) this.#say('auction_changed', message, { handle });
        return;
      case 'resumed':
        for (const id of awaited) {
          this.#say(type, message, { id, handle, auctionId: place?.auctionId });
        }
        return;
      case 'refused':
        if (place?.auctionId !== null && place !== null) this.#places.delete(place.auctionId);
        for (const id of awaited) this.#say(type, message, { id });
        return;
      case 'welcome':
        return this.#goOnAt(message, place);
      case 'mode':
        return this.#heardMode(message);
      case 'goodbye':
        this.#say(type, message);
        return this.#end({ code: message['code'] as number, reason: '' });
    }
    this.#say(type, message, place === null || place.auctionId === null ? {} : { handle });
  }

  /** The private feed goes on; where notices were missed for good, as a WebSocket would say it. */
  #goOnAt({ recovered }: Json, place: FollowedPlace | null): void {
    if (recovered !== false || place === null) return;
    const position = positionOf(place.position);
    this.#say('welcome', { ...this.#welcome, id: NOBODY_ASKED, position, recovered });
  }

  /** Answers to two polls may overtake each other: the one that left last counts. */
  #heardMode(message: Json): void {
    const saidAtMs = (message['serverTimeMs'] as number | undefined) ?? this.#modeSaidAtMs;
    if (saidAtMs < this.#modeSaidAtMs) return;
    this.#modeSaidAtMs = saidAtMs;
    this.#say('mode', message);
  }

  #get(path: string): Promise<Json> {
    const ask: HttpAsk = { path, signal: this.#over.signal };
    return this.#requests.json(ask, REQUEST_MS);
  }

  /** A refusal is the answer to this request; what has a standing is an answer that refuses. */
  async #answerOr(id: number, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof HttpRefused)) throw error;
      this.#say(error.body['epoch'] === undefined ? 'refused' : 'answer', error.body, { id });
    }
  }

  #say(name: string, message: Json, more: Json = {}): void {
    if (this.#state !== OPEN) return;
    const data = frameOf(name, message, more);
    if (data !== null) this.#emit('message', { data });
  }

  /** Whatever fails ends the line. */
  #run(work: Promise<void> | void): void {
    Promise.resolve(work).catch((error: unknown) => {
      if (error instanceof HttpRefused) this.#refusedAll(error);
      else this.#end({ code: BROKEN, reason: error instanceof Error ? error.message : '' });
    });
  }

  /** The news were refused as a whole. */
  #refusedAll({ body, message }: HttpRefused): void {
    const isToken = body['name'] === 'TOKEN_EXPIRED' || body['name'] === 'TOKEN_INVALID';
    const waiting = [...this.#places.values()].filter(({ isAwaited }) => isAwaited);
    if (isToken || waiting.length === 0) {
      return this.#end({ code: isToken ? TOKEN_EXPIRED : BROKEN, reason: message });
    }
    for (const place of waiting) this.#heard({ ...body, type: 'refused' }, place);
    this.#follow();
  }

  #end(reason: CloseReason): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#life.clear();
    this.#over.abort();
    this.#emit('close', reason);
  }

  #emit(type: string, event: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

function positionOf(text: string): { readonly epoch: number; readonly seq: number } {
  const [epoch = 0, seq = 0] = text.split(':').map(Number);
  return { epoch, seq };
}

/** What a token says of itself; the server has checked it. */
function claimsOf(token: string): Json {
  const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Json;
}
