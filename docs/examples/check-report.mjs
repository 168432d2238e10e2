// Checks a report and receipts offline: node check-report.mjs report.json keys.json [receipt.txt …]
// keys.json: GET /v1/keys, saved when you bid. Exit code 0: nothing is wrong. See docs/receipts.md.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
const [reportFile, keysFile, ...receiptFiles] = process.argv.slice(2);
const problems = [];
const check = (isRight, problem) => isRight || problems.push(problem);
const read = (file) => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));

function isSigned(what, header, payload, signature) {
  const { alg, typ, kid } = JSON.parse(Buffer.from(header, 'base64url'));
  const { kty, crv, x } = JSON.parse(read(keysFile)).keys.find((key) => key.kid === kid) ?? {};
  if (alg !== 'EdDSA' || typ !== what || crv !== 'Ed25519') return false;
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature) return false;
  return verify(null, Buffer.from(`${header}.${payload}`), key, bytes);
}

/** Walks through the entries; `now` is what the last one left. */
function checkEntries({ rules, entries, result }) {
  const { windowMs, extensionMs, extensionsMax } = rules.softClose;
  const { endsAtMs, startPriceCents: priceCents, hasReserve, increments } = rules;
  let now = { record: 0, lastRecord: 0, atUs: 0, seq: 0, extension: 0, endsAtMs, priceCents };
  now = { ...now, leader: null, winner: null, reserveMet: !hasReserve, hasMoved: false };
  const stepsAt = (cents) => increments.filter((s) => cents < (s.belowCents ?? Infinity));
  for (const entry of entries) {
    const { kind, atUs, bidder, record } = entry;
    const must = (isRight, problem) => check(isRight, `record ${record}: ${problem}`);
    const isEndSame = kind === 'outage' || (entry.endsAtMs ?? now.endsAtMs) === now.endsAtMs;
    const isSame = entry.lastRecord === now.lastRecord;
    must(record > now.record && record <= entry.lastRecord && atUs >= now.atUs, 'out of order');
    must(isSame ? entry.chainSeal === now.chainSeal : record > now.lastRecord, 'off the chain');
    must(kind === 'refused' || entry.seq === now.seq + 1, 'an update is missing before it');
    must(now.hasMoved === (kind === 'extended'), 'the end moves after a late bid, and only then');
    if (kind === 'started') must(atUs >= rules.startsAtMs * 1000, 'started too early');
    else if (kind === 'bid' || kind === 'buy_now') {
      const isRaise = kind === 'bid' && rules.format === 'proxy' && bidder === now.leader;
      const step = Math.min(...stepsAt(now.priceCents).map((s) => s.incrementCents));
      const least = now.priceCents + (now.leader === null || kind === 'buy_now' ? 0 : step);
      const isLeft = entry.priceCents === now.priceCents || (!now.reserveMet && entry.reserveMet);
      must(now.isOpen === true && atUs < now.endsAtMs * 1000, 'a bid outside of the time');
      must(entry.leader === bidder || (!isRaise && entry.leader === now.leader), 'who leads?');
      must(isRaise ? isLeft : entry.priceCents >= least, 'the price is not where the rules put it');
      const isLate = windowMs > 0 && now.endsAtMs * 1000 - atUs <= windowMs * 1000;
      const mayMove = kind === 'bid' && !isRaise && now.extension < (extensionsMax ?? Infinity);
      const end = isLate && mayMove ? Math.ceil(atUs / 1000) + extensionMs : 0;
      must(entry.endsAtMs === Math.max(now.endsAtMs, end), 'the end is not where the rules put it');
    } else if (kind === 'retract') {
      must(isEndSame && entry.priceCents <= now.priceCents, 'more than a retraction may');
    } else if (kind === 'extended') {
      must(isEndSame && entry.extension === now.extension + 1, 'not the extension of its bid');
    } else if (kind === 'outage') {
      const lostUs = atUs - Math.max(entry.fromUs, rules.startsAtMs * 1000);
      must(entry.endsAtMs === now.endsAtMs + Math.ceil(lostUs / 1000), 'not what was lost');
    } else if (kind === 'ended') {
      must(entry.reason !== 'time' || atUs >= now.endsAtMs * 1000, 'ended too early');
      must((entry.reason === 'bought') === (now.kind === 'buy_now'), 'another reason to end');
      const isWinner = entry.winner === (now.reserveMet ? now.leader : null);
      must(isWinner && entry.priceCents === now.priceCents, 'another winner or price');
    } else must(/^(listed|changed|added|refused|cancelled)$/.test(kind), 'of an unknown kind');
    now = { ...now, ...entry, hasMoved: !isEndSame, isOpen: now.isOpen || kind === 'started' };
  }
  const status = now.kind !== 'ended' ? now.kind : now.winner === null ? 'unsold' : 'sold';
  const expected = { status, winner: now.winner, priceCents: now.winner && now.priceCents };
  check(JSON.stringify(result) === JSON.stringify(expected), 'the result is not that of the end');
}

/** The receipt is in the report, and while its bid stood nobody led below its maximum. */
function checkReceipt({ auctionId, shard, entries }, text, file) {
  const said = JSON.parse(Buffer.from(text.split('.')[1], 'base64url'));
  const must = (isRight, problem) => check(isRight, `${file}: ${problem}`);
  must(isSigned('gavel-receipt', ...text.split('.')), 'the signature is wrong');
  must(said.auctionId === auctionId && said.shard === shard, 'it is of another auction');
  const at = entries.findIndex(({ record }) => record === said.record);
  const { kind, bidder, ...found } = { command: entries[at]?.kind, code: 0, ...entries[at] };
  for (const name of ['command', 'code', 'lastRecord', 'chainSeal', 'epoch', 'atUs'])
    must(found[name] === said[name], `the report has another ${name}`);
  if (kind !== 'bid' || said.amountCents === undefined) return;
  for (const { kind: later, bidder: who, leader, priceCents } of entries.slice(at)) {
    if (later === 'retract' && who === bidder) return;
    const isFair = leader === undefined || leader === bidder || priceCents >= said.amountCents;
    must(isFair, 'another led at less than its amount');
  }
}
try {
  const { report, signature } = JSON.parse(read(reportFile));
  check(read(reportFile) === `${JSON.stringify({ report, signature }, null, 1)}\n`, 'respelled');
  const [header, none, bytes] = signature.split('.');
  const payload = Buffer.from(JSON.stringify(report)).toString('base64url');
  check(none === '' && isSigned('gavel-report', header, payload, bytes), 'the signature is wrong');
  checkEntries(report);
  for (const file of receiptFiles) checkReceipt(report, read(file).trim(), file);
} catch (error) {
  problems.push(`it could not be read: ${error.message}`);
}
for (const problem of problems) console.error(`WRONG: ${problem}`);
if (problems.length === 0) console.log('The report is genuine, and nothing in it is wrong.');
process.exitCode = problems.length === 0 ? 0 : 1;
