/**
 * The way out to WebSocket sessions. Between begin and end of a run of deliveries, frames are
 * gathered for each session and leave in one go, in order; everything else is sent at once.
 * Allocates nothing for a frame on its way to a MessagePack session.
 *
 *   reply ─┐
 *   notify ─┴─▶ [ list of the run, linked by session ] ──flush──▶ one cork a session ──▶ socket
 *
 * What a client does not read piles up behind its socket. Beyond `slowConsumerBytes` it is closed
 * with a code that tells it to come back and resume; the library cuts it at `backPressureBytesMax`.
 */
import { SOCKETS, WIRE } from '../config/limits.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { CloseName } from '../protocol/close-codes.ts';
import { CLOSE_CODES } from '../protocol/close-codes.ts';
import type { JsonContext } from '../protocol/json-codec.ts';
import { jsonFromFrame } from '../protocol/json-codec.ts';
import { GOODBYE } from '../protocol/messages/goodbye.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Session } from './session.ts';
import type { Socket } from './socket.ts';

const DROPPED = 2;

export interface RefusalDetails {
  readonly retryAfterMs?: number;
  readonly field?: string;
  readonly reason?: string;
}

export class Sender {
  readonly #limits: GatewayLimits;
  readonly #metrics: GatewayMetrics;
  readonly #json: JsonContext;
  readonly #writer = new MsgpackWriter(1024);

  /** Frames of this run, and for each the next one of the same session (−1: none). */
  readonly #gathered: Uint8Array[] = [];
  readonly #next: number[] = [];
  #count = 0;
  readonly #sessions: Session[] = [];
  #sessionCount = 0;
  #flushing: Session | null = null;
  /** The socket of the session that is being flushed takes no more. */
  #dropped = false;
  readonly #sendAll: () => void;

  constructor(limits: GatewayLimits, metrics: GatewayMetrics, json: JsonContext) {
    this.#limits = limits;
    this.#metrics = metrics;
    this.#json = json;
    this.#sendAll = () => this.#sendGathered(this.#flushing as Session);
  }

  /** Takes a frame for the next flush; the bytes have to stay as they are until then. */
  gather(session: Session, bytes: Uint8Array): void {
    if (session.socket === null) return;
    const i = this.#count++;
    this.#gathered[i] = bytes;
    this.#next[i] = -1;
    if (session.firstGathered < 0) {
      session.firstGathered = i;
      this.#sessions[this.#sessionCount++] = session;
    } else {
      this.#next[session.lastGathered] = i;
    }
    session.lastGathered = i;
  }

  /** Sends what was gathered. */
  flush(): void {
    for (let i = 0; i < this.#sessionCount; i++) this.#flushSession(this.#sessions[i] as Session);
    this.#sessionCount = 0;
    this.#count = 0;
  }

  /** Sends a frame at once. */
  send(session: Session, bytes: Uint8Array): void {
    const socket = session.socket;
    if (socket === null) return;
    if (this.#put(session, socket, bytes) === DROPPED) this.close(session, 'SLOW_CONSUMER');
  }

  refuse(session: Session, id: number, name: RefusalName, details: RefusalDetails = {}): void {
    const { code, retryable } = REFUSALS[name];
    this.#metrics.refused(code);
    const writer = this.#writer;
    writer.clear();
    REFUSED.write(writer, {
      id,
      code,
      retryAfterMs: details.retryAfterMs ?? (retryable ? this.#limits.overloadRetryMs : null),
      field: details.field?.slice(0, WIRE.refusedFieldCharsMax).toWellFormed() ?? null,
      reason: details.reason?.slice(0, WIRE.refusedReasonCharsMax).toWellFormed() ?? null,
    });
    this.send(session, writer.view());
  }

  /** Says goodbye and closes. Its close handler has run when this returns. */
  close(session: Session, name: CloseName): void {
    const socket = session.socket;
    if (socket === null) return;
    session.socket = null;
    this.#metrics.closed(name);
    const { code, reason, reconnect } = CLOSE_CODES[name];
    const writer = this.#writer;
    writer.clear();
    GOODBYE.write(writer, {
      code,
      reason,
      reconnectAfterMs: reconnect ? Math.floor(Math.random() * SOCKETS.reconnectSpreadMs) : null,
    });
    this.#put(session, socket, writer.view());
    // Never inside a cork: the library would forget to end the connection behind the close frame.
    socket.end(code, reason);
  }

  /** Closes a session that reads too slowly. */
  checkPace(session: Session): void {
    const socket = session.socket;
    if (socket === null || socket.getBufferedAmount() <= this.#limits.slowConsumerBytes) return;
    this.close(session, 'SLOW_CONSUMER');
  }

  #flushSession(session: Session): void {
    const socket = session.socket;
    if (socket !== null) {
      if (session.firstGathered === session.lastGathered) {
        this.send(session, this.#gathered[session.firstGathered] as Uint8Array);
      } else {
        this.#flushing = session;
        socket.cork(this.#sendAll);
        if (this.#dropped) this.close(session, 'SLOW_CONSUMER');
        this.#dropped = false;
      }
      this.checkPace(session);
    }
    session.firstGathered = -1;
    session.lastGathered = -1;
  }

  #sendGathered(session: Session): void {
    let i = session.firstGathered;
    while (i >= 0 && session.socket !== null && !this.#dropped) {
      this.#dropped =
        this.#put(session, session.socket, this.#gathered[i] as Uint8Array) === DROPPED;
      i = this.#next[i] as number;
    }
  }

  #put(session: Session, socket: Socket, bytes: Uint8Array): number {
    this.#metrics.framesOut += 1;
    if (!session.json) {
      this.#metrics.bytesOut += bytes.length;
      return socket.send(bytes, true);
    }
    const text = jsonFromFrame(bytes, this.#json);
    this.#metrics.bytesOut += text.length;
    return socket.send(text, false);
  }
}
