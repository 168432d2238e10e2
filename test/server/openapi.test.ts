/**
 * /openapi.json of a real server: every operation is called as its own example says, and what comes
 * back fits what is promised; and of every operation on somebody's auction a second user is told
 * that it is not theirs.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { imageFile } from '../image/fixture.ts';
import { Server, temporaryFolder, UNLIMITED, until } from './harness.ts';
import type { Fields } from './wire-client.ts';
import { list, rest } from './wire-client.ts';

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly example?: string;
    readonly examples?: Readonly<Record<string, { readonly value: string }>>;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly example: Fields }>>;
  };
  readonly responses: Readonly<Record<string, { readonly content?: Fields }>>;
}

interface Document extends Fields {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Called {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const HOUR_MS = 3_600_000;
/** A part of a path that stands for something. */
const PLACE = /\{[a-z]+\}/;
const ENV = { ...UNLIMITED, GAVEL_ACCOUNTS_HASH_COST: '14', GAVEL_DATA_SHARDS: '1' };
const limited = { timeout: 120_000 };

async function call(
  server: Server,
  token: string,
  method: string,
  path: string,
  body?: Fields,
): Promise<Called> {
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const until200 = new AbortController();
  const init: RequestInit = { method: method.toUpperCase(), headers, signal: until200.signal };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(`${server.url}${path}`, init);
  const type = response.headers.get('content-type') ?? '';
  if (!type.startsWith('text/event-stream')) {
    return { status: response.status, type, text: await response.text() };
  }
  // A stream goes on: its beginning is enough.
  const reader = response.body?.getReader();
  const first = await reader?.read();
  until200.abort();
  return { status: response.status, type, text: Buffer.from(first?.value ?? []).toString() };
}

/** The operations in an order in which each finds what it needs: an account is deleted last. */
function operationsOf(
  document: Document,
): { path: string; method: string; operation: Operation }[] {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const late = [
    '/v1/password-resets',
    '/v1/password-resets/{id}',
    '/v1/me/email',
    '/v1/me/password',
    '/v1/sessions/current',
    '/v1/me/delete',
  ];
  return all.toSorted((a, b) => late.indexOf(a.path) - late.indexOf(b.path));
}

async function documentOf(server: Server): Promise<Document> {
  return (await (await fetch(`${server.url}/openapi.json`)).json()) as Document;
}

/** A form with one file. */
async function upload(server: Server, token: string, auctionId: string): Promise<Called> {
  const body = new FormData();
  body.set('image', new Blob([Uint8Array.from(await imageFile('png', 8, 8))]), 'lamp.png');
  const init = { method: 'POST', headers: { authorization: `Bearer ${token}` }, body };
  const response = await fetch(`${server.url}/v1/auctions/${auctionId}/images`, init);
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text: await response.text() };
}

class World {
  readonly server: Server;
  readonly #tokens = new Map<string, string>();

  constructor(server: Server) {
    this.server = server;
  }

  async token(sub: string, ...roles: ('seller' | 'bidder' | 'admin')[]): Promise<string> {
    const known = this.#tokens.get(sub);
    if (known !== undefined) return known;
    const made = await this.server.token(sub, roles);
    this.#tokens.set(sub, made);
    return made;
  }

  /** The id of a search that the user saves. */
  async search(token: string): Promise<string> {
    const body = { name: 'Lamps', query: 'q=lamp' };
    const saved = await rest(this.server.url, token, 'POST', '/v1/me/searches', body);
    return String(saved.body['id']);
  }

  /** What stands for the places of a path: another auction of sam as the operation needs it, mostly. */
  async auction(path: string): Promise<{ readonly id: string; readonly record: string }> {
    const sam = await this.token('sam', 'seller');
    if (path.startsWith('/v1/users/')) return { id: 'sam', record: '' };
    const isSale = path.endsWith('/feedback');
    const buyNowCents = path.endsWith('/buy-now') || isSale ? 9_000 : null;
    const { auctionId } = await list(this.server.url, sam, {
      endsAtMs: Date.now() + HOUR_MS,
      ...(buyNowCents === null ? {} : { buyNowCents }),
    });
    const id = auctionId as string;
    if (isSale) {
      const bob = await this.token('bob', 'bidder');
      const buy = { nonce: 'nonce-of-bob' };
      await rest(this.server.url, bob, 'POST', `/v1/auctions/${id}/buy-now`, buy);
    }
    if (path.endsWith('/receipt') || path.endsWith('/retract')) {
      const body = { nonce: 'nonce-of-bob', amountCents: 3_000 };
      const bob = await this.token('bob', 'bidder');
      const bid = await rest(this.server.url, bob, 'POST', `/v1/auctions/${id}/bids`, body);
      return { id, record: String(bid.body['record']) };
    }
    if (path.includes('/images')) {
      const made = await upload(this.server, sam, id);
      const [{ hash } = { hash: '' }] = (JSON.parse(made.text) as { images: { hash: string }[] })
        .images;
      return path.startsWith('/v1/images') ? { id: hash, record: 'small' } : { id, record: hash };
    }
    if (path.endsWith('/report') || path.endsWith('/relist')) {
      const body = { how: 'cancel' };
      await rest(this.server.url, sam, 'POST', `/v1/auctions/${id}/cancel`, body);
    }
    return { id, record: '0' };
  }
}

test('every operation does what its example and its schema say', limited, async (t) => {
  const server = await Server.start({ data: temporaryFolder(), env: ENV });
  t.after(() => server.kill());
  const document = await documentOf(server);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'doc', ...document });
  const world = new World(server);
  // The read model has to be there.
  const eve = await world.token('eve', 'bidder');
  await until('lists are there', async () =>
    (await call(server, eve, 'get', '/v1/search')).status === 200 ? true : undefined,
  );

  let session: Fields = {};
  let password = 'correct horse battery';
  let variants = 0;
  const signIn = async (email: string): Promise<void> => {
    const { text } = await call(server, '', 'post', '/v1/sessions', { email, password });
    session = JSON.parse(text) as Fields;
  };
  const resetToken = (): Promise<string> =>
    until('a reset in the outbox', () => {
      const file = join(server.data, 'accounts', 'outbox.jsonl');
      if (!existsSync(file)) return Promise.resolve(undefined);
      const outbox = readFileSync(file, 'utf8');
      // A line that is being written has no end yet.
      const last = outbox.split('\n').at(-2);
      if (last === undefined) return Promise.resolve(undefined);
      return Promise.resolve((JSON.parse(last) as { token?: string }).token);
    });
  for (const { path, method, operation } of operationsOf(document)) {
    const what = `${method} ${path}`;
    const { id, record } = /^\/v1\/(auctions|images|users|me\/watchlist)\/\{/.test(path)
      ? await world.auction(path)
      : path === '/v1/me/searches/{id}'
        ? { id: await world.search(String(session['accessToken'])), record: '' }
        : {
            id: path.includes('reset') && path.includes('{id}') ? await resetToken() : '',
            record: '',
          };
    const query = operation.parameters
      .filter(({ example }) => example !== undefined)
      .map(({ name, example = '' }) => `${name}=${encodeURIComponent(example)}`);
    if (path === '/v1/events') query.push(`auctions=${(await world.auction(path)).id}`);
    const address = path.replace(PLACE, id).replace(PLACE, record);
    const example = operation.requestBody?.content['application/json']?.example;
    const body = example === undefined ? undefined : filled(example, path, session, password);
    const isAccount = path.startsWith('/v1/me') || path === '/v1/sessions/current';
    const isOwn = /bids$|wins$|losses$|listings$|events$|notices$/.test(path);
    const token =
      isAccount && !isOwn
        ? String(session['accessToken'])
        : await tokenFor(world, operation.description ?? '');
    const asked = query.length === 0 ? address : `${address}?${query.join('&')}`;
    const isUpload = 'multipart/form-data' in (operation.requestBody?.content ?? {});
    if (body !== undefined && 'images' in body) Object.assign(body, { images: [record] });
    const { status, type, text } = isUpload
      ? await upload(server, token, id)
      : await call(server, token, method, asked, body);

    const wanted = Object.keys(operation.responses).find((one) => Number(one) < 300);
    if (wanted === undefined) {
      assert.ok(String(status) in operation.responses, `${what}: ${status}`);
      continue;
    }
    assert.equal(String(status), wanted, `${what}: ${text}`);
    const content = operation.responses[wanted]?.content ?? {};
    const [promisedType = ''] = Object.keys(content);
    assert.ok(type.startsWith(promisedType), `${what}: ${type}`);
    if (promisedType !== 'application/json') continue;
    const way = ['paths', path, method, 'responses', wanted, 'content', promisedType, 'schema'];
    const pointer = way.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
    const fits = (answered: string, alternative = ''): void => {
      const check = ajv.compile({ $ref: `doc#/${pointer}${alternative}` });
      const faults = (): string => JSON.stringify(check.errors);
      assert.ok(check(JSON.parse(answered)), `${what}: ${faults()} in ${answered}`);
    };
    fits(text);
    const answer = JSON.parse(text) as Fields;
    for (const [i, otherQuery] of variantsOf(operation).entries()) {
      const other = await call(server, token, method, `${address}?${otherQuery}`);
      assert.equal(String(other.status), wanted, `${what}: ${other.text}`);
      fits(text, '/oneOf/0');
      fits(other.text, `/oneOf/${i + 1}`);
      variants += 1;
    }
    password = String(body?.['newPassword'] ?? body?.['password'] ?? password);
    // A reset ends all sessions, and signing out the last one.
    if (path === '/v1/password-resets/{id}') await signIn('ann@example.com');
    if (path === '/v1/sessions/current') await signIn('ann.b@example.com');
    if ('refreshToken' in answer) session = answer;
    else if ('accessToken' in answer) session = { ...session, ...answer };
  }
  assert.equal(variants, 1, 'the long poll of an auction');
});

/** The queries with which the operation answers something else, as their examples say. */
function variantsOf({ parameters }: Operation): readonly string[] {
  const names = new Set(parameters.flatMap(({ examples = {} }) => Object.keys(examples)));
  return [...names].map((name) =>
    parameters
      .flatMap(({ name: key, examples }) => {
        const value = examples?.[name]?.value;
        return value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`];
      })
      .join('&'),
  );
}

/** An example, with a time that is ahead today and the newest token. */
function filled(example: Fields, path: string, session: Fields, password: string): Fields {
  const over: Record<string, unknown> = {};
  if ('endsAtMs' in example) over['endsAtMs'] = Date.now() + HOUR_MS;
  if ('refreshToken' in example) over['refreshToken'] = session['refreshToken'];
  // The password is another one since the example before.
  if (path.startsWith('/v1/me/') && 'password' in example) over['password'] = password;
  return { ...example, ...over };
}

function tokenFor(world: World, description: string): Promise<string> {
  if (/Role `seller`/.test(description)) return world.token('sam', 'seller');
  return world.token('bob', 'bidder');
}

/** Operations on an auction that are there for everybody, and why. */
const FOR_ALL: Readonly<Record<string, string>> = {
  'get /v1/auctions/{id}': 'auctions are public; ids of bidders only for the seller',
  'get /v1/auctions/{id}/bids': 'the history is public, under aliases',
  'get /v1/auctions/{id}/events': 'so is what happens',
  'post /v1/auctions/{id}/bids': 'that is what auctions are for',
  'post /v1/auctions/{id}/buy-now': 'the same',
  'post /v1/password-resets/{id}': 'the id is the secret',
  'get /v1/auctions/{id}/images': 'images of a listing are public',
  'get /v1/images/{hash}/{size}': 'the same',
  'put /v1/me/watchlist/{id}': 'everybody has a list of his own',
  'delete /v1/me/watchlist/{id}': 'the same',
  'get /v1/users/{id}': 'what everybody may know of a person',
  'get /v1/users/{id}/feedback': 'without authors, and purchases without the auction',
  'get /v1/users/{id}/listings': 'listings are public',
};

test(
  'a second user is kept from what is not theirs, on every route with an id',
  limited,
  async (t) => {
    const server = await Server.start({ data: temporaryFolder(), env: ENV });
    t.after(() => server.kill());
    const world = new World(server);
    const mallory = await world.token('mallory', 'seller', 'bidder');
    let kept = 0;
    for (const { path, method, operation } of operationsOf(await documentOf(server))) {
      const what = `${method} ${path}`;
      if (!PLACE.test(path) || Object.hasOwn(FOR_ALL, what)) continue;
      const isSearch = path === '/v1/me/searches/{id}';
      const sam = await world.token('sam', 'seller');
      const { id, record } = isSearch
        ? { id: await world.search(sam), record: '' }
        : await world.auction(path);
      const address = path.replace(PLACE, id).replace(PLACE, record);
      const body = operation.requestBody?.content['application/json']?.example;
      const { status, text } = await call(server, mallory, method, address, body);
      assert.ok(status === 403 || status === 404 || status === 409, `${what}: ${status} ${text}`);
      const { name } = JSON.parse(text) as { name: string };
      const refused = [
        'NOT_YOUR_AUCTION',
        'RECORD_UNKNOWN',
        'NOTHING_TO_RETRACT',
        'SEARCH_UNKNOWN',
        'NOT_YOUR_SALE',
      ];
      assert.ok(refused.includes(name), `${what}: ${text}`);
      kept += 1;
    }
    assert.ok(kept >= 6, `${kept} operations`);
    // And the ids of bidders, in what is for all, are not for all.
    const { id } = await world.auction('/receipt');
    for (const path of [`/v1/auctions/${id}`, `/v1/auctions/${id}/bids`]) {
      assert.doesNotMatch((await call(server, mallory, 'get', path)).text, /bob/, path);
    }
  },
);
