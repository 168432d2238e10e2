/**
 * Everything that the SDK throws or rejects with. Each is a GavelError; `name` tells which. A
 * refused bid is no error: it is an answer, with `accepted: false`.
 */
import type { RefusalInfo } from './refusal-info.ts';

export class GavelError extends Error {
  override name = 'GavelError';
}

/**
 * The command was sent, and no answer came in time: it may have taken effect or not. Sending it
 * again with the same nonce, over any connection or REST, gives the answer and has no second
 * effect.
 */
export class UnknownOutcome extends GavelError {
  override name = 'UnknownOutcome';
  /** Null: it was to be listed. */
  readonly auctionId: string | null;
  readonly nonce: string;
  constructor(auctionId: string | null, nonce: string, why: string) {
    super(`it is not known whether this took effect (${why}); ask again with the same nonce`);
    this.auctionId = auctionId;
    this.nonce = nonce;
  }
}

/** No answer in time to what has no effect: a command that never left, or a question. */
export class TimedOut extends GavelError {
  override name = 'TimedOut';
}

/** The server refused what has no answer object: get, watch, time, REST requests. */
export class Refused extends GavelError {
  override name = 'Refused';
  readonly refusal: RefusalInfo;
  constructor(refusal: RefusalInfo) {
    const place = refusal.field === null ? '' : ` (${refusal.field}${reasonOf(refusal)})`;
    super(`${refusal.name}: ${refusal.message}${place}`);
    this.refusal = refusal;
  }
}

function reasonOf({ reason }: RefusalInfo): string {
  return reason === null ? '' : `: ${reason}`;
}

/** A REST request that could not be made, or was not answered by Gavel. */
export class RequestFailed extends GavelError {
  override name = 'RequestFailed';
}

/** This client is closed: by close(), for good by the server, or because it gave up. */
export class ConnectionClosed extends GavelError {
  override name = 'ConnectionClosed';
  /** The WebSocket close code; null where no close frame came. */
  readonly closeCode: number | null;
  constructor(message: string, closeCode: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.closeCode = closeCode;
  }
}

/** Too many commands wait for their answers; nothing was sent. */
export class QueueFull extends GavelError {
  override name = 'QueueFull';
}

/** A watch that was to give every state was not read fast enough. */
export class FellBehind extends GavelError {
  override name = 'FellBehind';
}

/** An argument that no server would take; nothing was sent. */
export class InvalidArgument extends GavelError {
  override name = 'InvalidArgument';
  /** The place, for instance `amountCents`. */
  readonly field: string;
  constructor(field: string, reason: string) {
    super(`${field} ${reason}`);
    this.field = field;
  }
}

/** The server said something that this version cannot read. */
export class UnreadableMessage extends GavelError {
  override name = 'UnreadableMessage';
}
