/** The part of a WebSocket that the SDK uses: the browser's, Node's own, or one handed in. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  addEventListener(type: 'open', listener: () => void): void;
  /** Node says what was wrong; browsers keep it to themselves. */
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: CloseReason) => void): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;

export const OPEN = 1;
