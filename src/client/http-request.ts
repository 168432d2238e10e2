/** One HTTP request of a transport: JSON or a stream, with the token, within a time. */
import type { Json } from './http-wire.ts';

/** The server, or something between here and it, does not answer as it should. */
export class HttpCut extends Error {
  override name = 'HttpCut';
}

/** Gavel refused. */
export class HttpRefused extends Error {
  override name = 'HttpRefused';
  /** The refusal as the server wrote it. */
  readonly body: Json;
  constructor(body: Json) {
    super(String(body['message'] ?? 'refused'));
    this.body = body;
  }
}

export interface HttpAsk {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Json;
  readonly lastEventId?: string;
  /** Ends the request, and reading its stream. */
  readonly signal: AbortSignal;
}

export class HttpRequests {
  readonly #base: string;
  readonly #fetch: typeof fetch;
  token: string | null = null;

  constructor(base: string, fetcher: typeof fetch) {
    this.#base = base;
    this.#fetch = fetcher;
  }

  /** What came as JSON, within `timeoutMs`. @throws HttpRefused, HttpCut */
  async json(ask: HttpAsk, timeoutMs: number): Promise<Json> {
    const signal = AbortSignal.any([ask.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      return await this.#read(await this.#send({ ...ask, signal }));
    } catch (error) {
      throw error instanceof HttpRefused ? error : cut(error);
    }
  }

  /** The body of a stream. @throws HttpRefused, HttpCut */
  async stream(ask: HttpAsk): Promise<ReadableStream<Uint8Array>> {
    try {
      const response = await this.#send(ask);
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      if (response.ok && isStream === true && response.body !== null) return response.body;
      await this.#read(response);
      throw new HttpCut('the answer is no stream');
    } catch (error) {
      throw error instanceof HttpRefused ? error : cut(error);
    }
  }

  #send({ method = 'GET', path, body, lastEventId, signal }: HttpAsk): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.token !== null) headers['authorization'] = `Bearer ${this.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
    return this.#fetch(`${this.#base}${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
  }

  async #read(response: Response): Promise<Json> {
    const json: unknown = await response.json();
    if (typeof json !== 'object' || json === null)
      throw new HttpCut('the answer is not from Gavel');
    if (response.ok) return json as Json;
    if (typeof (json as Json)['code'] === 'number') throw new HttpRefused(json as Json);
    throw new HttpCut(`HTTP status ${response.status}`);
  }
}

function cut(error: unknown): HttpCut {
  if (error instanceof HttpCut) return error;
  return new HttpCut(error instanceof Error ? error.message : String(error), { cause: error });
}
