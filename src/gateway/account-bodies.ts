/**
 * What the account routes take: each field with how it is read, what is said where it cannot be,
 * and how /openapi.json describes it.
 */
import type { Rating, Role } from '../account/events.ts';
import { ROLES } from '../account/events.ts';
import {
  EMAIL_RULE,
  NAME_RULE,
  PASSWORD_RULE,
  readDisplayName,
  readEmail,
  readPassword,
  readTier,
  TIER_RULE,
} from '../account/fields.ts';
import { ACCOUNTS, PEOPLE } from '../config/limits.ts';
import { MalformedField } from '../protocol/field.ts';
import type { JsonSchema, ObjectSchema } from '../protocol/json-schema.ts';
import { closed, listOf, objectOf } from '../protocol/json-schema.ts';

interface BodyField<T> {
  /** Undefined: it is not one. */
  readonly read: (value: unknown) => T | undefined;
  /** `must be …` */
  readonly rule: string;
  readonly json: JsonSchema;
}

type Body = Readonly<Record<string, BodyField<unknown>>>;

type Given<B> = { [K in keyof B]: B[K] extends BodyField<infer T> ? T : never };

function textField(
  read: (value: unknown) => string | undefined,
  rule: string,
  json: JsonSchema = {},
): BodyField<string> {
  return { read, rule, json: { type: 'string', description: `It ${rule}.`, ...json } };
}

const email = textField(readEmail, EMAIL_RULE, {
  format: 'email',
  maxLength: ACCOUNTS.emailCharsMax,
});
const password = textField(readPassword, PASSWORD_RULE, { format: 'password' });
const displayName = textField(readDisplayName, NAME_RULE);
const tier = textField(readTier, TIER_RULE);
const refreshToken = textField(
  (value) => (typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined),
  'must be the refresh token of the newest answer',
  { minLength: 1, maxLength: 64 },
);
const roles: BodyField<readonly Role[]> = {
  read(value) {
    if (!Array.isArray(value)) return undefined;
    const isRole = (name: unknown): name is Role => ROLES.some((role) => role === name);
    return value.every(isRole) ? ROLES.filter((role) => value.includes(role)) : undefined;
  },
  rule: 'must be a list of bidder, seller, admin',
  json: listOf({ type: 'string', enum: ROLES }),
};

const RATINGS: readonly Rating[] = [-1, 0, 1];
const rating: BodyField<Rating> = {
  read: (value) => RATINGS.find((one) => one === value),
  rule: 'must be 1 (positive), 0 (neutral) or -1 (negative)',
  json: { type: 'integer', enum: RATINGS },
};
/** Words to be shown to others: whole, without control characters but line breaks. */
function words(charsMin: number, charsMax: number): BodyField<string> {
  return textField(
    (value) => {
      if (typeof value !== 'string' || !value.isWellFormed()) return undefined;
      const said = value.normalize('NFC').trim();
      const isFit = said.length >= charsMin && said.length <= charsMax;
      return isFit && !/[^\P{C}\n]/u.test(said) ? said : undefined;
    },
    `must be text of ${charsMin} to ${charsMax} characters`,
    { minLength: charsMin, maxLength: charsMax },
  );
}

export const SAVE_SEARCH = {
  name: words(1, PEOPLE.searchNameCharsMax),
  query: words(1, PEOPLE.searchCharsMax),
};
export const LEAVE_FEEDBACK = { rating, text: words(0, PEOPLE.feedbackCharsMax) };

export const REGISTER = { email, password, displayName };
export const SIGN_IN = { email, password };
export const REFRESH = { refreshToken };
export const CHANGE_NAME = { displayName };
export const CHANGE_EMAIL = { email, password };
export const CHANGE_PASSWORD = { password, newPassword: password };
export const DELETE = { password };
export const REQUEST_RESET = { email };
export const RESET = { password };
export const GRANT = { roles, tier };

/** All of the fields, and no others. @throws MalformedField */
export function fieldsOf<const B extends Body>(
  body: Readonly<Record<string, unknown>>,
  fields: B,
): Given<B> {
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(fields, name)) throw new MalformedField('is not a known field', name);
  }
  const values = Object.entries(fields).map(([name, { read, rule }]) => {
    const value = read(body[name]);
    if (value === undefined) throw new MalformedField(rule, name);
    return [name, value] as const;
  });
  return Object.fromEntries(values) as Given<B>;
}

export function schemaOf(fields: Body): ObjectSchema {
  const properties = Object.entries(fields).map(([name, { json }]) => [name, json] as const);
  return closed(objectOf(Object.fromEntries(properties)));
}
