/**
 * How far a client has got in one auction, as text: `epoch:seq`. For several auctions: the positions
 * in the order in which the auctions were asked for, with commas; `-` where nothing has come yet.
 */
import { MalformedField } from '../protocol/field.ts';
import type { JsonMessage } from './local-topics.ts';

export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

const NONE = '-';

/** @throws MalformedField in the field named */
export function parsePosition(text: string, field: string): Position {
  const [, epoch, seq] = /^(\d{1,10}):(\d{1,16})$/.exec(text) ?? [];
  if (epoch === undefined || Number(epoch) === 0) {
    throw new MalformedField('must be a position that was given out: epoch:seq', field);
  }
  return { epoch: Number(epoch), seq: Number(seq) };
}

/** @throws MalformedField in the field named */
export function parsePositions(text: string, count: number, field: string): (Position | null)[] {
  if (text === '') return Array.from({ length: count }, () => null);
  const parts = text.split(',');
  if (parts.length !== count) {
    throw new MalformedField('must hold one position for each auction', field);
  }
  return parts.map((part) => (part === NONE ? null : parsePosition(part, field)));
}

export function positionText(position: Position | null): string {
  return position === null ? NONE : `${position.epoch}:${position.seq}`;
}

/** Whether an update tells nothing to a client that stands there. */
export function isBehind(message: JsonMessage, position: Position | null): boolean {
  if (position === null || message.type === 'snapshot' || message.type === 'resumed') return false;
  const { seq } = (message['auction'] ?? message) as Partial<Position>;
  return seq !== undefined && seq <= position.seq;
}

/** Where a client stands that has got this message; unchanged where it tells nothing new. */
export function positionAfter(before: Position | null, message: JsonMessage): Position | null {
  // What was missed is still to come behind it.
  if (message.type === 'resumed') return before;
  const { epoch, seq } = (message['auction'] ?? message) as Partial<Position>;
  if (seq === undefined) return before;
  if (epoch !== undefined) return { epoch, seq };
  return before === null ? null : { epoch: before.epoch, seq };
}
