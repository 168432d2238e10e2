/**
 * Account events as bytes: the format of a record in the account log. A record is a MessagePack
 * array: the kind's number, the account, the time, then the fields in the order below. Numbers are
 * never reused, and fields are only ever added at the end.
 *
 * `secret` fields are personal. Each stands encrypted under a key of its account, so that a log
 * that can only grow forgets them when the key is destroyed (personal-keys.ts).
 */
import { must } from '../lib/assert.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { AccountEvent, AccountRef, Role } from './events.ts';

export interface Sealer {
  seal(account: AccountRef, text: string): Uint8Array;
  /** Empty where the key is destroyed. @throws Error where key and bytes do not fit */
  open(account: AccountRef, bytes: Uint8Array): string;
}

type FieldKind = 'uint' | 'int' | 'str' | 'roles' | 'secret';
type Fields = readonly (readonly [name: string, kind: FieldKind])[];

const SESSION: Fields = [
  ['session', 'str'],
  ['tokenHash', 'str'],
  ['expiresAtMs', 'uint'],
];

/** Position in this list is the number in the log. */
const KINDS: readonly (readonly [kind: AccountEvent['kind'], fields: Fields])[] = [
  [
    'AccountRegistered',
    [
      ['userId', 'str'],
      ['email', 'secret'],
      ['displayName', 'secret'],
      ['password', 'secret'],
      ['roles', 'roles'],
      ['tier', 'str'],
    ],
  ],
  ['SessionOpened', SESSION],
  ['SessionRefreshed', SESSION],
  [
    'SessionEnded',
    [
      ['session', 'str'],
      ['reason', 'str'],
    ],
  ],
  ['NameChanged', [['displayName', 'secret']]],
  ['EmailChanged', [['email', 'secret']]],
  [
    'PasswordChanged',
    [
      ['password', 'secret'],
      ['version', 'uint'],
    ],
  ],
  ['PasswordRehashed', [['password', 'secret']]],
  [
    'ResetRequested',
    [
      ['tokenHash', 'str'],
      ['expiresAtMs', 'uint'],
    ],
  ],
  ['AccountDisabled', [['version', 'uint']]],
  ['AccountEnabled', []],
  [
    'AccountGranted',
    [
      ['roles', 'roles'],
      ['tier', 'str'],
      ['version', 'uint'],
    ],
  ],
  ['AccountDeleted', [['version', 'uint']]],
  ['GuestAdmitted', [['userId', 'str']]],
  ['WatchAdded', [['auctionId', 'str']]],
  ['WatchRemoved', [['auctionId', 'str']]],
  [
    'SearchSaved',
    [
      ['search', 'str'],
      ['name', 'secret'],
      ['query', 'secret'],
    ],
  ],
  ['SearchDropped', [['search', 'str']]],
  [
    'FeedbackLeft',
    [
      ['about', 'uint'],
      ['auctionId', 'str'],
      ['as', 'str'],
      ['rating', 'int'],
      ['text', 'secret'],
    ],
  ],
];
const COMMON_FIELDS = 3;
/** Far above what any field may hold (fields.ts). */
const TEXT_BYTES_MAX = 4096;

export function writeAccountRecord(
  writer: MsgpackWriter,
  event: AccountEvent,
  sealer: Sealer,
): void {
  const number = KINDS.findIndex(([kind]) => kind === event.kind);
  const [, fields] = must(KINDS[number], 'every event has a record');
  const values = event as unknown as Readonly<Record<string, unknown>>;
  writer.array(COMMON_FIELDS + fields.length);
  writer.uint(number);
  writer.uint(event.account);
  writer.uint(event.atMs);
  for (const [name, kind] of fields) {
    const value = values[name];
    if (kind === 'uint') writer.uint(value as number);
    else if (kind === 'int') writer.int(value as number);
    else if (kind === 'str') writer.str(value as string);
    else if (kind === 'roles') writer.str((value as readonly Role[]).join(' '));
    else writer.bytes(sealer.seal(event.account, value as string));
  }
}

/** @throws Error where the bytes are no record of this version. */
export function readAccountRecord(bytes: Uint8Array, sealer: Sealer): AccountEvent {
  const reader = new MsgpackReader().open(bytes);
  const count = reader.array();
  const [kind, fields] = must(KINDS[reader.uint()], 'a record of a kind that is known');
  must(count >= COMMON_FIELDS + fields.length || null, 'a record has all of its fields');
  const account = reader.uint() as AccountRef;
  const event: Record<string, unknown> = { kind, account, atMs: reader.uint() };
  for (const [name, type] of fields) {
    if (type === 'uint') event[name] = reader.uint();
    else if (type === 'int') event[name] = reader.int();
    else if (type === 'str') event[name] = reader.str(TEXT_BYTES_MAX);
    else if (type === 'roles') {
      event[name] = reader.str(TEXT_BYTES_MAX).split(' ').filter(Boolean);
    } else event[name] = sealer.open(account, reader.bytes(TEXT_BYTES_MAX));
  }
  return event as unknown as AccountEvent;
}
