/** Arbitrary values for every kind of field, made from the schema, with the edges drawn often. */
import fc from 'fast-check';
import type { Message } from '../../src/protocol/message.ts';
import { ALL_MESSAGES, messageFields } from './schema-kinds.ts';
import type { Kind, NamedKind } from './schema-kinds.ts';

/** Long texts and lists cost time and find nothing more; their edges are tested by themselves. */
const CHARS_MAX = 200;
const ITEMS_MAX = 4;

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

export function valueOf(kind: Kind): fc.Arbitrary<unknown> {
  switch (kind.kind) {
    case 'bool':
      return fc.boolean();
    case 'uint':
      return uintUpTo(kind.max);
    case 'float':
      return fc.oneof(
        uintUpTo(kind.max),
        // −0 is not a value of the protocol.
        fc.double({ min: kind.min, max: kind.max, noNaN: true }).map((value) => value + 0),
      );
    case 'str':
      return textOf(kind.min, kind.max, kind.pattern);
    case 'word':
      return fc.constantFrom(...kind.words);
    case 'optional':
      return fc.oneof(fc.constant(null), valueOf(kind.of));
    case 'list':
      return fc.array(valueOf(kind.of), { maxLength: Math.min(kind.max, ITEMS_MAX) });
    case 'record':
      return recordOf(kind.fields);
  }
}

export function recordOf(fields: readonly NamedKind[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(fields.map(({ name, kind }) => [name, valueOf(kind)])), {
    noNullPrototype: true,
  });
}

/** Every message equally often, with a value of its fields. */
export function anyMessage(
  among: readonly Message<unknown>[] = ALL_MESSAGES,
): fc.Arbitrary<{ readonly message: Message<unknown>; readonly value: Record<string, unknown> }> {
  return fc.oneof(
    ...among.map((message) =>
      recordOf(messageFields(message)).map((value) => ({ message, value })),
    ),
  );
}

/** Where the forms of numbers change, and the largest. */
export function uintUpTo(max: number): fc.Arbitrary<number> {
  const edges = [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, max];
  return fc.oneof(
    fc.constantFrom(...edges.filter((edge) => edge <= max)),
    fc.nat({ max: Math.min(max, 0x7fff_ffff) }),
    fc.maxSafeNat().map((value) => value % (max + 1)),
  );
}

function textOf(min: number, max: number, pattern: string | null): fc.Arbitrary<string> {
  if (pattern !== null) {
    const [letters = ''] = /\[.*?\]/.exec(pattern) ?? [];
    const alphabet = ASCII.filter((char) => new RegExp(`^${letters}$`).test(char));
    return fc.string({
      unit: fc.constantFrom(...alphabet),
      minLength: min,
      maxLength: Math.min(max, min + CHARS_MAX),
    });
  }
  return fc.oneof(
    fc.string({ unit: 'grapheme-ascii', minLength: min, maxLength: Math.min(max, CHARS_MAX) }),
    // A character beyond the first plane counts twice.
    fc
      .string({ unit: 'binary', minLength: min, maxLength: Math.min(max, CHARS_MAX) })
      .filter((text) => text.length <= max),
  );
}
