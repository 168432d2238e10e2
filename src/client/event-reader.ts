/** Reads Server-Sent Events from the body of a response, with fetch alone: browsers and Node. */
export interface ServerEvent {
  /** The position after it. */
  readonly id: string;
  readonly data: string;
}

/**
 * The events of a body in order. `alive` is called for whatever comes, comments as well.
 * @throws what reading throws, when the connection breaks.
 */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  alive: () => void,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      alive();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    // It is over already, or nobody wants the rest.
    await reader.cancel().catch(() => {});
  }
}

/** Null: a comment. */
function eventOf(block: string): ServerEvent | null {
  let id = '';
  let data: string | null = null;
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) id = line.slice(4);
    else if (line.startsWith('data: ')) data = line.slice(6);
  }
  return data === null ? null : { id, data };
}
