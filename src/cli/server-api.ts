/**
 * Requests to a running server over REST. What goes wrong becomes a CliError with what to do; a
 * refusal keeps what the server said. Commands with a nonce are sent again until their outcome is
 * known; the server answers a repeated nonce with the first answer. A listing has its nonce in the
 * header `Idempotency-Key`.
 */
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Server } from './sign-in.ts';

export type Json = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

const REQUEST_TIMEOUT_MS = 15_000;
/** Waits between attempts with the same nonce. */
const RETRY_AFTER_MS = [200, 500, 1000, 2000, 4000] as const;
const RETRY_AFTER_MS_MAX = 10_000;

/** The server said no. `body` is its answer. */
export class Refused extends CliError {
  override name = 'Refused';
  readonly refusal: string;
  readonly sentence: string;
  readonly body: Json;
  constructor(status: number, body: Json) {
    const refusal = typeof body['name'] === 'string' ? body['name'] : `HTTP ${status}`;
    const sentence = typeof body['message'] === 'string' ? body['message'] : '';
    const details = [body['field'], body['reason']].filter((part) => typeof part === 'string');
    const detail = details.length === 0 ? '' : ` (${details.join(' ')})`;
    const exitCode = status === 429 || status === 503 ? EXIT.tryAgain : EXIT.refused;
    super(exitCode, `Refused: ${refusal}. ${sentence}${detail}`.trim());
    this.refusal = refusal;
    this.sentence = sentence;
    this.body = body;
  }
}

/** No answer came: the connection was refused or lost, or the time was over. */
class NoAnswer extends Error {
  /** Whether the request may have reached the server. */
  readonly maySent: boolean;
  constructor(message: string, maySent: boolean, options: ErrorOptions) {
    super(message, options);
    this.maySent = maySent;
  }
}

export class ServerApi {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get(path: string): Promise<Json> {
    return this.#once('GET', path, undefined, 'Try again.');
  }

  /** A command without a nonce: sent once. */
  post(path: string, body: Json): Promise<Json> {
    const next = 'It is not known whether it took effect: look before you send it again.';
    return this.#once('POST', path, body, next);
  }

  /** What may be said twice: sent once, as it is only asked for by people. */
  put(path: string, body?: Json): Promise<Json> {
    return this.#once('PUT', path, body, 'Try again.');
  }

  /** A file, which may be sent twice: the same file is the same image. */
  upload(path: string, file: Blob): Promise<Json> {
    return this.#once('POST', path, file, 'Try again.');
  }

  delete(path: string): Promise<Json> {
    return this.#once('DELETE', path, undefined, 'Try again.');
  }

  /** A command with a nonce: sent until its outcome is known. */
  postWithNonce(path: string, body: Json & { readonly nonce: string }): Promise<Json> {
    return this.#untilKnown(path, body, body.nonce, {});
  }

  /** Lists an auction, once for a nonce: sent until its outcome is known. */
  list(listing: Json, nonce: string): Promise<Json> {
    return this.#untilKnown('/v1/auctions', listing, nonce, { 'idempotency-key': nonce });
  }

  /** Lists again what found no buyer, once for a nonce. */
  relist(auctionPath: string, changes: Json, nonce: string): Promise<Json> {
    return this.#untilKnown(`${auctionPath}/relist`, changes, nonce, { 'idempotency-key': nonce });
  }

  async #untilKnown(path: string, body: Json, nonce: string, headers: Headers): Promise<Json> {
    let uncertain = false;
    for (let attempt = 0; ; attempt++) {
      const waitMs = RETRY_AFTER_MS[attempt];
      try {
        return await this.#request('POST', path, body, headers);
      } catch (error) {
        uncertain ||= leavesOpen(error);
        if (error instanceof NoAnswer && !uncertain) throw this.#unreachable(error);
        if (!(error instanceof NoAnswer) && !isPassing(error)) {
          // Who refuses at the door knows nothing about the copies before.
          throw uncertain && !isDecided(error) ? unknownOutcome(nonce, error) : error;
        }
        if (waitMs === undefined) throw uncertain ? unknownOutcome(nonce, error) : error;
        await sleep(Math.max(waitMs, retryAfterMs(error)));
      }
    }
  }

  async #once(
    method: string,
    path: string,
    body: Json | Blob | undefined,
    next: string,
  ): Promise<Json> {
    try {
      return await this.#request(method, path, body);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (!error.maySent) throw this.#unreachable(error);
      const message = `no answer from ${this.#server.url}: ${error.message}`;
      throw new CliError(EXIT.tryAgain, message, next, { cause: error });
    }
  }

  async #request(
    method: string,
    path: string,
    body: Json | Blob | undefined,
    more: Headers = {},
  ): Promise<Json> {
    const { url, token } = this.#server;
    const headers: Record<string, string> = { ...more, authorization: `Bearer ${token}` };
    const isFile = body instanceof Blob;
    if (isFile) headers['content-type'] = 'application/octet-stream';
    else if (body !== undefined) headers['content-type'] = 'application/json';
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers,
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      throw noAnswer(error);
    }
    const answer = parsed(text, url);
    if (!response.ok) throw new Refused(response.status, answer);
    return answer;
  }

  #unreachable(cause: Error): CliError {
    return new CliError(
      EXIT.unreachable,
      `the server at ${this.#server.url} cannot be reached: ${cause.message}`,
      'Start it with: gavel serve   (or give another address with --url or GAVEL_URL)',
      { cause },
    );
  }
}

const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function noAnswer(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error.name === 'TimeoutError')
    return new NoAnswer('it took too long', true, { cause: error });
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  // Some ports, such as 1, are not for HTTP: fetch does not even try.
  if (cause.message === 'bad port') {
    return new NoAnswer('this port may not be used', false, { cause: error });
  }
  return new NoAnswer(code === '' ? cause.message : code, !NOT_SENT.has(code), { cause: error });
}

function parsed(text: string, url: string): Json {
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {
    // Said below.
  }
  const next = 'Check the address: --url or GAVEL_URL.';
  throw new CliError(EXIT.unreachable, `what answers at ${url} is not a gavel server`, next);
}

/** Whether the command may have taken effect all the same. */
function leavesOpen(error: unknown): boolean {
  if (error instanceof NoAnswer) return error.maySent;
  return error instanceof Refused && error.refusal === 'UNKNOWN_OUTCOME';
}

/** Whether the auction's own shard refused: then no copy before it took effect. */
function isDecided(error: unknown): boolean {
  const code = error instanceof Refused ? error.body['code'] : undefined;
  return typeof code === 'number' && code >= 3000 && code < 4000;
}

/** Whether the same nonce may get another answer soon. */
function isPassing(error: unknown): boolean {
  return error instanceof Refused && PASSING.has(error.refusal);
}

const PASSING: ReadonlySet<string> = new Set([
  'UNKNOWN_OUTCOME',
  'NOT_READY',
  'SHUTTING_DOWN',
  'OVERLOADED',
  'TOO_MANY_REQUESTS',
]);

function retryAfterMs(error: unknown): number {
  const given = error instanceof Refused ? error.body['retryAfterMs'] : undefined;
  return typeof given === 'number' ? Math.min(given, RETRY_AFTER_MS_MAX) : 0;
}

function unknownOutcome(nonce: string, cause: unknown): CliError {
  return new CliError(
    EXIT.tryAgain,
    'it is not known whether this took effect',
    `Send the same command again with --nonce ${nonce}; it counts once.`,
    { cause },
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
