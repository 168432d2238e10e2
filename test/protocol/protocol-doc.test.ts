/**
 * docs/protocol.md is the specification, so it may not drift: every message and record with every
 * field, type and place; every example in both forms; numbers, limits and close codes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packr } from 'msgpackr';
import { GATEWAY } from '../../src/config/limits.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { frameFromJson, jsonFromFrame } from '../../src/protocol/json-codec.ts';
import type { Message } from '../../src/protocol/message.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { fencesOf, readDoc, sectionOf, tableOf } from './markdown.ts';
import type { NamedKind } from './schema-kinds.ts';
import {
  ALL_MESSAGES,
  largest,
  messageFields,
  NUMBER_NAMES,
  recordFields,
  RECORDS,
  typeText,
} from './schema-kinds.ts';

const doc = readDoc('protocol.md');
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** As the text before the examples says. */
const context = {
  auctionIdOf: (handle: number) => (handle === 1 ? '7hK2mQ9xT4bW8cR5vN1zLp' : undefined),
  endsAtMsOf: (handle: number) => (handle === 1 ? 1_800_000_600_000 : undefined),
  nowMs: () => 1_800_000_000_000,
};

/** Holds a table of fields against the code; tells what it should be where it differs. */
function checkFields(heading: string, fields: readonly NamedKind[], firstPlace: number): void {
  const rows = tableOf(sectionOf(doc, heading));
  const expected = fields.map(({ name, schema }, i) => [
    `${i + firstPlace}`,
    name,
    typeText(schema),
  ]);
  assert.deepEqual(
    rows.map((row) => row.slice(0, 3)),
    expected,
    `The table of ${heading} in docs/protocol.md has to be:\n${expected.map(rowText).join('\n')}`,
  );
  for (const [, name, , meaning] of rows) {
    assert.ok(meaning !== undefined && meaning !== '', `${heading}.${name} has a meaning`);
  }
}

function rowText([place, name, type = '']: readonly string[]): string {
  return `| ${place} | \`${name}\` | \`${type.replaceAll('|', '\\|')}\` | … |`;
}

const SENDERS = { client: 'clients', server: 'the server', rest: 'the server to itself' } as const;

test('every message stands in the docs with its number, sender and all fields', () => {
  const overview = tableOf(sectionOf(doc, 'Messages'));
  assert.deepEqual(
    overview.map(([number, name = '', sender]) => [number, /`(\w+)`/.exec(name)?.[1], sender]),
    ALL_MESSAGES.map(({ number, name, sender }) => [`${number}`, name, sender]),
  );
  for (const message of ALL_MESSAGES) {
    const lead = `Number ${message.number}, sent by ${SENDERS[message.sender]}.`;
    assert.ok(sectionOf(doc, message.name).trim().startsWith(lead), `${message.name}: ${lead}`);
    checkFields(message.name, messageFields(message), 1);
  }
});

test('every record stands in the docs with all fields', () => {
  for (const name of RECORDS.keys()) checkFields(name, recordFields(name), 0);
  // Whatever is not called by a name would be unreadable in a table.
  for (const message of ALL_MESSAGES) {
    assert.doesNotMatch(typeText(message.schema), /: \[?\{/, message.name);
  }
});

test('the named numbers stand in the docs with their largest value', () => {
  const rows = new Map(
    doc
      .split('\n')
      .filter((line) => /^\| `\w+`\s+\| \d+ /.test(line))
      .map((line) => tableOf(`|\n|\n${line}`)[0] ?? [])
      .map(([name = '', max]) => [name, Number(max)]),
  );
  for (const [name, field] of NUMBER_NAMES) assert.equal(rows.get(name), largest(field), name);
});

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The frame and the JSON of an example mean the same, in both directions. */
function checkExample(message: Message<unknown>, hex: string, json: string): void {
  const bytes = Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
  const named = JSON.parse(json) as Record<string, unknown>;
  const decoded = decodeFrame(bytes);
  assert.equal(decoded.message.name, message.name);

  const writer = new MsgpackWriter(16);
  message.write(writer, decoded.value);
  assert.equal(hexOf(writer.copy()), hexOf(bytes), 'our writer');
  const plain = packr.unpack(bytes) as unknown[];
  assert.deepEqual(message.fromPositional(plain), decoded.value, 'msgpackr reads it');
  assert.deepEqual(plain, message.toPositional(decoded.value));
  const packed = new Uint8Array(packr.pack(plain));
  assert.deepEqual(decodeFrame(packed).value, decoded.value, 'msgpackr writes it');

  if (message.sender === 'client') {
    writer.clear();
    frameFromJson(json, GATEWAY.jsonDepthMax, writer);
    assert.equal(hexOf(writer.copy()), hexOf(bytes), 'JSON becomes the same frame');
  } else if (isOfWebSockets(message)) {
    assert.deepEqual(JSON.parse(jsonFromFrame(bytes, context)), named, 'the frame as JSON');
  } else {
    assert.deepEqual(message.fromNamed(named, true), decoded.value, 'the plain JSON form');
  }
}

/** Whether its section stands before those of REST. */
function isOfWebSockets({ name }: Message<unknown>): boolean {
  return doc.indexOf(`\n### ${name}\n`) < doc.indexOf('\n## Messages for REST\n');
}

test('every message has examples, as bytes and as JSON, that mean the same', () => {
  for (const message of ALL_MESSAGES) {
    const fences = fencesOf(sectionOf(doc, message.name));
    assert.ok(fences.length >= 2 && fences.length % 2 === 0, `${message.name} has pairs`);
    for (let i = 0; i < fences.length; i += 2) {
      const [hex, json] = [fences[i], fences[i + 1]];
      assert.deepEqual([hex?.language, json?.language], ['hex', 'json'], message.name);
      checkExample(message, hex?.text ?? '', json?.text ?? '');
    }
  }
});

test('the smallest example in the text is right', () => {
  assert.match(doc, /^ {4}92 {4}array of 2\n {6}08 {4}message 8: ping\n {6}08 {4}id = 8$/m);
  assert.deepEqual(decodeFrame(Uint8Array.of(0x92, 0x08, 0x08)).value, {
    id: 8,
    clientTimeMs: null,
  });
});

test('the close codes are those of the server, with what a client does', () => {
  const rows = tableOf(sectionOf(doc, 'Close codes'));
  const expected = Object.entries(CLOSE_CODES).map(([name, { code, reconnect, reason }]) => [
    `${code}`,
    name,
    reconnect ? 'yes' : 'no',
    reason,
  ]);
  assert.deepEqual(rows, expected);
  for (const { code, reconnect } of Object.values(CLOSE_CODES)) {
    assert.equal(reconnect, code >= 3000 && code < 3500, `${code}`);
    assert.ok(code < 4000);
  }
});

test('the limits in the docs are the defaults, and what refuses them exists', () => {
  const rows = tableOf(sectionOf(doc, 'Limits'));
  assert.ok(rows.length > 15);
  const known = new Set(
    [...Object.values(REFUSALS), ...Object.values(CLOSE_CODES)].map(({ code }) => `${code}`),
  );
  for (const [name = '', value, , codes = ''] of rows) {
    assert.equal(Number(value), GATEWAY[name as keyof typeof GATEWAY], name);
    for (const code of codes.split(', ').filter((text) => text !== '')) {
      assert.ok(known.has(code), `${name}: ${code}`);
    }
  }
});

test('the names of the system design lead to names that exist', () => {
  const rows = tableOf(sectionOf(doc, 'Names in the system design'));
  const fields = ALL_MESSAGES.flatMap((message) => messageFields(message).map(({ name }) => name));
  // The JSON form adds it.
  const ours = new Set([...ALL_MESSAGES.map(({ name }) => name), ...fields, 'timeRemainingMs']);
  for (const [theirs = '', here = ''] of rows) {
    for (const [, name = ''] of here.matchAll(/`([a-zA-Z_.]+)`/g)) {
      for (const part of name.split('.')) assert.ok(ours.has(part), `${theirs}: ${name}`);
    }
  }
  const named = rows.map(([theirs]) => theirs).join(' ');
  const examples = {
    place_bid: ['auctionId', 'amount', 'timestamp', 'nonce'],
    bid_update: ['auctionId', 'currentPrice', 'bidCount', 'leadingBidder', 'timeRemaining'],
    outbid: ['auctionId', 'yourBid', 'currentPrice', 'timeRemaining'],
  };
  for (const [message, parts] of Object.entries(examples)) {
    for (const part of parts) assert.match(named, new RegExp(`\\b${message}\\.${part}\\b`));
  }
});

test('links inside the docs lead somewhere', () => {
  for (const name of ['protocol.md', 'refusals.md', 'rest.md']) {
    for (const [, file = '', anchor = ''] of readDoc(name).matchAll(
      /\]\(([\w-]*(?:\.md)?)#([\w-]+)\)/g,
    )) {
      const target = readDoc(file === '' ? name : file);
      const anchors = Array.from(target.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
        heading
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replaceAll(' ', '-'),
      );
      assert.ok(anchors.includes(anchor), `${name} links to ${file}#${anchor}`);
    }
  }
});

test('the docs are about this version', () => {
  assert.match(doc, new RegExp(`^# The WebSocket protocol, version ${PROTOCOL_VERSION}$`, 'm'));
  assert.ok(doc.includes(`gavel.v${PROTOCOL_VERSION}.msgpack`));
});
