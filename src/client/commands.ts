/**
 * Commands and questions that wait for their one answer. An unanswered one is sent again after a
 * time-out and after every reconnect, with the same request id and nonce, until it is answered or
 * its time is up.
 *
 *   ask ──▶ [ unanswered, in order ] ──send──▶ line
 *                ▲   │ time-out, reconnect, refused for overload: send again
 *                └───┘
 *                    └──▶ answer · refusal · UnknownOutcome · TimedOut · ConnectionClosed
 *
 * A gateway that refuses a copy says nothing about the copies before it: one of them may have
 * taken effect. So such a refusal only counts when it was the only copy.
 */
import type { Message } from '../protocol/message.ts';
import type { Refused as RefusedMessage } from '../protocol/messages/refused.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import type { GavelError } from './errors.ts';
import { QueueFull, Refused, TimedOut, UnknownOutcome } from './errors.ts';
import { positive } from './options.ts';
import { refusalInfo } from './refusal-info.ts';
import type { Timers } from './timers.ts';
import { Alarm } from './timers.ts';
import type { Frame } from './wire.ts';
import { encode } from './wire.ts';

export interface Question<V extends { readonly id: number }, R, A> {
  readonly message: Message<V>;
  /** Without its request id. */
  readonly value: Omit<V, 'id'>;
  readonly reply: Message<R>;
  /** Makes the result; refusals go to `refused`, or reject with Refused without it. */
  readonly answered: (reply: R, sending: Sending) => A;
  readonly refused?: (refused: RefusedMessage) => A;
  /** Given where it has an effect: what an UnknownOutcome has to name. */
  readonly effect?: { readonly auctionId: string; readonly nonce: string };
  readonly timeoutMs?: number;
}

/** How an answered command was sent. */
export interface Sending {
  /** Of how many copies one was answered. */
  readonly copies: number;
  /** When the last one left. */
  readonly sentAtMs: number;
}

interface Unanswered {
  readonly id: number;
  readonly frame: Frame;
  readonly replyNumber: number;
  readonly effect: { readonly auctionId: string; readonly nonce: string } | null;
  readonly deadlineMs: number;
  readonly alarm: Alarm;
  copies: number;
  /** Copies of which it is not known what became of them. */
  openCopies: number;
  sentAtMs: number;
  /** The newest refusal that may pass. */
  refused: RefusedMessage | null;
  answer(reply: unknown, sending: Sending): void;
  refuse(refused: RefusedMessage): void;
  fail(error: GavelError): void;
}

export interface CommandSettings {
  readonly timers: Timers;
  readonly random: () => number;
  readonly attemptTimeoutMs: number;
  readonly timeoutMs: number;
  readonly unansweredMax: number;
}

const ROOM = 1000;
/** Wait before a refused command is sent again, where the server does not say. */
const RETRY_MS_DEFAULT = 100;

export class Commands {
  readonly #settings: CommandSettings;
  readonly #send: (frame: Frame) => boolean;
  readonly #newId: () => number;
  readonly #unanswered = new Map<number, Unanswered>();
  #closed: GavelError | null = null;

  constructor(settings: CommandSettings, newId: () => number, send: (frame: Frame) => boolean) {
    this.#settings = settings;
    this.#newId = newId;
    this.#send = send;
  }

  get count(): number {
    return this.#unanswered.size;
  }

  has(id: number): boolean {
    return this.#unanswered.has(id);
  }

  async ask<V extends { readonly id: number }, R, A>(question: Question<V, R, A>): Promise<A> {
    const { timers, unansweredMax } = this.#settings;
    const timeoutMs = positive('timeoutMs', question.timeoutMs ?? this.#settings.timeoutMs);
    if (this.#closed !== null) throw this.#closed;
    const id = this.#newId();
    const frame = encode(question.message, { ...question.value, id } as unknown as V);
    if (this.#unanswered.size >= unansweredMax) {
      throw new QueueFull(`${unansweredMax} commands wait for their answers already`);
    }
    return new Promise<A>((resolve, reject) => {
      const one: Unanswered = {
        id,
        frame,
        replyNumber: question.reply.number,
        effect: question.effect ?? null,
        deadlineMs: timers.now() + timeoutMs,
        alarm: new Alarm(timers, () => this.#rang(one)),
        copies: 0,
        openCopies: 0,
        sentAtMs: 0,
        refused: null,
        answer: (reply, sending) => resolve(question.answered(reply as R, sending)),
        refuse(refused) {
          if (question.refused === undefined) reject(new Refused(refusalInfo(refused)));
          else resolve(question.refused(refused));
        },
        fail: reject,
      };
      this.#unanswered.set(id, one);
      this.#transmit(one);
    });
  }

  /** A message with a request id came. False: it answers nothing that waits here. */
  received(number: number, id: number, value: unknown): boolean {
    const one = this.#unanswered.get(id);
    if (one === undefined) return false;
    if (number === REFUSED.number) {
      this.#refused(one, value as RefusedMessage);
    } else if (number === one.replyNumber) {
      this.#settle(one);
      one.answer(value, { copies: one.copies, sentAtMs: one.sentAtMs });
    }
    return true;
  }

  /** The line is open (again): whatever is unanswered is sent, in its order. */
  opened(): void {
    for (const one of this.#unanswered.values()) this.#transmit(one);
  }

  lost(): void {
    for (const one of this.#unanswered.values()) one.alarm.set(one.deadlineMs);
  }

  /** There will be no line any more. */
  closed(error: GavelError): void {
    this.#closed = error;
    for (const one of this.#unanswered.values()) this.#giveUp(one, error);
  }

  #transmit(one: Unanswered): void {
    const { timers, attemptTimeoutMs } = this.#settings;
    if (!this.#send(one.frame)) return one.alarm.set(one.deadlineMs);
    one.copies += 1;
    one.openCopies += 1;
    one.sentAtMs = timers.now();
    one.alarm.set(Math.min(one.sentAtMs + attemptTimeoutMs, one.deadlineMs));
  }

  #rang(one: Unanswered): void {
    if (this.#settings.timers.now() < one.deadlineMs) return this.#transmit(one);
    this.#giveUp(one, new TimedOut('there was no answer in time'));
  }

  #refused(one: Unanswered, refused: RefusedMessage): void {
    const { timers, attemptTimeoutMs, random } = this.#settings;
    const { code } = refused;
    if (decidedByAuction(code)) return this.#settleRefused(one, refused);
    // What has no effect leaves nothing open.
    if (one.effect === null || !leavesOpen(code)) {
      one.openCopies = one.effect === null ? 0 : one.openCopies - 1;
      one.refused = refused;
      if (one.openCopies === 0 && !mayPass(code)) return this.#settleRefused(one, refused);
    }
    // Where only an earlier copy can still be answered, there is no hurry to send another.
    const waitMs = refused.retryAfterMs ?? (mayPass(code) ? RETRY_MS_DEFAULT : attemptTimeoutMs);
    one.alarm.set(Math.min(timers.now() + waitMs * (1 + random()), one.deadlineMs));
  }

  #giveUp(one: Unanswered, error: GavelError): void {
    if (one.openCopies === 0 && one.refused !== null) return this.#settleRefused(one, one.refused);
    this.#settle(one);
    const { effect } = one;
    if (effect === null || one.openCopies === 0) return one.fail(error);
    one.fail(new UnknownOutcome(effect.auctionId, effect.nonce, error.message));
  }

  #settleRefused(one: Unanswered, refused: RefusedMessage): void {
    this.#settle(one);
    one.refuse(refused);
  }

  #settle(one: Unanswered): void {
    one.alarm.clear();
    this.#unanswered.delete(one.id);
  }
}

/** The auction's shard knows all copies: its refusals are final. */
function decidedByAuction(code: number): boolean {
  return Math.floor(code / ROOM) === Math.floor(REFUSALS.AUCTION_UNKNOWN.code / ROOM);
}

/** Refusals that say themselves that it may have taken effect, and that sending it again helps. */
function leavesOpen(code: number): boolean {
  if (code === REFUSALS.COMMAND_FAILED.code) return false;
  return Math.floor(code / ROOM) === Math.floor(REFUSALS.UNKNOWN_OUTCOME.code / ROOM);
}

/** Overload and restarts: the same command may be taken in a moment. */
function mayPass(code: number): boolean {
  const isOverload = Math.floor(code / ROOM) === Math.floor(REFUSALS.OVERLOADED.code / ROOM);
  return (
    isOverload && refusalInfo({ code, retryAfterMs: null, field: null, reason: null }).retryable
  );
}
