/**
 * A connection between a simulated client and the simulated server: two directions, each in order,
 * each with its latency. It can be cut at any moment; what was under way is lost then.
 */
import type { Session } from '../../src/gateway/session.ts';
import type { Socket } from '../../src/gateway/socket.ts';
import type { World } from './world.ts';

const SENT = 1;
const DROPPED = 2;

export interface LineEnds {
  /** At the client: a frame came. */
  heard(bytes: Uint8Array): void;
  /** At the client: the connection is gone. */
  closed(code: number): void;
  /** At the server: a frame came. */
  take(session: Session, bytes: Uint8Array): void;
  /** At the server: the connection is gone. */
  gone(session: Session, code: number): void;
}

const CUT = 1006;

export class Line implements Socket {
  readonly topics = new Set<string>();
  session: Session | null = null;
  /** The client does not read at present. */
  isSlow = false;
  #openAtServer = true;
  #openAtClient = true;
  #bufferedBytes = 0;
  #upAtUs = 0;
  #downAtUs = 0;
  readonly #waiting: Uint8Array[] = [];
  readonly #world: World;
  readonly #ends: LineEnds;
  readonly #bufferMax: number;

  constructor(world: World, ends: LineEnds, bufferMax: number) {
    this.#world = world;
    this.#ends = ends;
    this.#bufferMax = bufferMax;
  }

  get isOpen(): boolean {
    return this.#openAtClient;
  }

  // The server's side.

  send(message: Uint8Array | string): number {
    if (typeof message === 'string') throw new Error('the simulated clients speak MessagePack');
    if (!this.#openAtServer) return SENT;
    if (this.#bufferedBytes + message.length > this.#bufferMax) return DROPPED;
    const copy = Uint8Array.from(message);
    if (this.isSlow) {
      this.#waiting.push(copy);
      this.#bufferedBytes += copy.length;
    } else this.#down(() => this.#ends.heard(copy));
    return SENT;
  }

  getBufferedAmount(): number {
    return this.#bufferedBytes;
  }

  subscribe(topic: string): boolean {
    this.topics.add(topic);
    return true;
  }

  unsubscribe(topic: string): boolean {
    return this.topics.delete(topic);
  }

  cork(sends: () => void): void {
    sends();
  }

  ping(): number {
    return SENT;
  }

  end(code: number): void {
    this.#loseAtServer(code);
    this.#down(() => this.#loseAtClient(code));
  }

  // The client's side.

  sendUp(bytes: Uint8Array): void {
    if (!this.#openAtClient) return;
    this.#upAtUs = Math.max(this.#upAtUs, this.#world.nowUs + this.#world.latencyUs());
    this.#world.schedule.after(this.#upAtUs - this.#world.nowUs, () => {
      if (this.#openAtServer && this.session !== null) this.#ends.take(this.session, bytes);
    });
  }

  readAgain(): void {
    this.isSlow = false;
    this.#bufferedBytes = 0;
    for (const bytes of this.#waiting.splice(0)) this.#down(() => this.#ends.heard(bytes));
  }

  // The world's.

  /** The line is cut; both ends notice at once, and what was under way is lost. */
  cut(): void {
    this.#loseAtServer(CUT);
    this.#loseAtClient(CUT);
  }

  #loseAtServer(code: number): void {
    if (!this.#openAtServer) return;
    this.#openAtServer = false;
    this.topics.clear();
    if (this.session !== null) this.#ends.gone(this.session, code);
  }

  #loseAtClient(code: number): void {
    if (!this.#openAtClient) return;
    this.#openAtClient = false;
    this.#ends.closed(code);
  }

  #down(arrive: () => void): void {
    this.#downAtUs = Math.max(this.#downAtUs, this.#world.nowUs + this.#world.latencyUs());
    this.#world.schedule.after(this.#downAtUs - this.#world.nowUs, () => {
      if (this.#openAtClient) arrive();
    });
  }
}
