/**
 * P1 and P5: whatever a client was told stands in the log, as it was told; and however often a
 * command was sent, it had one effect and one answer.
 */
import type { Answer } from '../../../src/protocol/messages/answer.ts';
import { ACCEPTED } from '../../../src/protocol/refusals.ts';
import type { Command, History } from '../history.ts';
import type { Entry, ShardLog } from './log.ts';

export function checkAnswers(history: History, logs: readonly ShardLog[]): void {
  const byNonce = new Map<string, Entry[]>();
  for (const { entries } of logs) {
    for (const entry of entries) {
      // A bid on an auction that is not there has no effect, however often it is refused.
      if (!('nonce' in entry.event) || entry.event.kind === 'StrayBidRefused') continue;
      const key = `${entry.user} ${entry.auctionId} ${entry.event.nonce}`;
      byNonce.set(key, [...(byNonce.get(key) ?? []), entry]);
    }
  }
  for (const [key, entries] of byNonce) {
    if (entries.length > 1) {
      const seqs = entries.map(({ seq }) => seq).join(', ');
      history.violated(`one nonce, several effects: ${key} has the records ${seqs}`);
    }
  }
  for (const command of history.commands.values()) {
    const { user, auctionId, nonce, answers } = command;
    const [first] = answers;
    if (first === undefined) continue;
    const entry = byNonce.get(`${user} ${auctionId} ${nonce}`)?.[0];
    if (entry === undefined) {
      history.violated(`an answered command is not in the log: ${nonce} (record ${first.record})`);
      continue;
    }
    const difference = differenceOf(first, entry, command);
    if (difference !== null) history.violated(`${nonce}: the answer and the log: ${difference}`);
    for (const other of answers.slice(1)) {
      const same = JSON.stringify({ ...other, id: 0 }) === JSON.stringify({ ...first, id: 0 });
      if (!same) history.violated(`${nonce} got two different answers`);
    }
  }
}

function differenceOf(answer: Answer, entry: Entry, { kind, amountCents }: Command): string | null {
  const { event, seq } = entry;
  if (answer.record !== seq) return `record ${answer.record} is ${seq}`;
  if (answer.serverTimeMs !== Math.floor(event.atUs / 1000)) return 'another time';
  if (event.kind === 'BidRefused') {
    if (answer.code !== event.code) return `code ${answer.code} is ${event.code}`;
    return answer.currentPriceCents === event.told.priceCents ? null : 'another price was told';
  }
  if (answer.code !== ACCEPTED) return `refused with ${answer.code}, and accepted in the log`;
  if (event.kind !== 'BidAccepted' && event.kind !== 'BidsRetracted') return 'of another kind';
  if (answer.seq !== event.auctionSeq) return `position ${answer.seq} is ${event.auctionSeq}`;
  if (answer.currentPriceCents !== event.priceCents) return 'another price';
  const isBid = kind === 'bid' && event.kind === 'BidAccepted';
  if (isBid && event.amountCents !== amountCents) return 'another amount';
  return null;
}
