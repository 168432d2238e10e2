/** Reads a stream of Server-Sent Events, one event at a time. */
export interface Event {
  readonly type: string;
  readonly id: string;
  readonly retry: string | undefined;
  readonly data: Record<string, unknown>;
}

export class EventSource {
  readonly status: number;
  readonly body: Response;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #abort: AbortController;
  #text = '';
  /** Id of the newest event. */
  lastEventId = '';

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.body = response;
    this.#abort = abort;
    const stream = (response.body as ReadableStream<Uint8Array>).pipeThrough(
      new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>,
    );
    this.#reader = stream.getReader();
  }

  /** Resolves when the head has come, which leaves with the first event. */
  static async open(
    port: number,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventSource> {
    const abort = new AbortController();
    const { signal } = abort;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal });
    return new EventSource(response, abort);
  }

  /** The next event, comments left out; undefined: the stream has ended. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        if (block.startsWith(':')) continue;
        return this.#event(block);
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  close(): void {
    this.#reader.cancel().catch(() => undefined);
    this.#abort.abort();
  }

  #event(block: string): Event {
    const field = (name: string): string | undefined =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    this.lastEventId = field('id') ?? '';
    const data = JSON.parse(field('data') ?? '') as Record<string, unknown>;
    return { type: field('event') ?? '', id: this.lastEventId, retry: field('retry'), data };
  }
}
