/**
 * What the gateway uses of a socket, a request and a response. Only listener.ts knows the library
 * behind them, so that it can be exchanged.
 */

/** An open WebSocket. After it closed every method throws. */
export interface Socket {
  /** 1: sent; 0: waits in the send buffer; 2: dropped, the buffer is full. */
  send(message: Uint8Array | string, isBinary: boolean): number;
  getBufferedAmount(): number;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  /** What is sent inside leaves in one go. */
  cork(sends: () => void): unknown;
  ping(): number;
  /** Sends a close frame; the close handler runs before this returns. */
  end(code: number, reason: string): void;
}

/** A response under way; must not be touched after it ended or was aborted. */
export interface HttpReply {
  writeStatus(status: string): HttpReply;
  writeHeader(name: string, value: string): HttpReply;
  /** Sends a part of the body. False: it waits in the send buffer. */
  write(chunk: string): boolean;
  /** Called when the send buffer has become empty. */
  onWritable(handler: (offset: number) => boolean): HttpReply;
  end(body: string | Uint8Array, closeConnection?: boolean): HttpReply;
  /** Ends an answer that has no body by its status. */
  endWithoutBody(): HttpReply;
  close(): HttpReply;
  onAborted(handler: () => void): HttpReply;
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): HttpReply;
  cork(writes: () => void): HttpReply;
  /** 4 or 16 bytes. */
  getRemoteAddress(): ArrayBuffer;
}

/** A request; can only be read before its handler returns. */
export interface HttpHead {
  getMethod(): string;
  getUrl(): string;
  /** Without its question mark; undefined: there is none. */
  getQuery(): string | undefined;
  getHeader(name: string): string;
  forEach(each: (name: string, value: string) => void): void;
}

/** Sends to every socket that subscribed to a topic. */
export type Publish = (topic: string, message: Uint8Array | string, isBinary: boolean) => void;
