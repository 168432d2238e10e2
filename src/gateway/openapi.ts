/**
 * The document at /openapi.json (OpenAPI 3.1): the table of routes, their parameters and what
 * route-docs.ts says of them. Nothing is written here that a route does not do.
 */
import { assert } from '../lib/assert.ts';
import type { JsonSchema } from '../protocol/json-schema.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { AUCTION_ID_MEANS } from '../protocol/common.ts';
import { REFUSAL } from './answer-schemas.ts';
import type { Parameters } from './parameters.ts';
import { isNames } from './parameters.ts';
import { ROUTE_DOCS } from './route-docs.ts';
import type { RouteDoc } from './route-docs.ts';
import type { Route } from './routes.ts';
import { ANYBODY, ROLE_BITS } from './user.ts';

type Json = Readonly<Record<string, unknown>>;

/** What any route may refuse. */
const GENERAL: readonly RefusalName[] = [
  'MALFORMED',
  'TOO_MANY_REQUESTS',
  'OVERLOADED',
  'INTERNAL',
];
const SIGNED_IN: readonly RefusalName[] = ['NOT_SIGNED_IN', 'TOKEN_INVALID', 'TOKEN_EXPIRED'];

/** @param version of the program */
export function openApi(routes: readonly Route[], version: string): Json {
  const components = new Map<string, JsonSchema>();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const doc = docOf(route);
    if (doc === undefined) continue;
    paths[route.path] ??= {};
    (paths[route.path] as Record<string, Json>)[route.method.toLowerCase()] = operation(
      route,
      doc,
      components,
    );
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Gavel',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Amounts are whole numbers in minor units of the currency, times are milliseconds since 1970 ' +
        'by the clock of the server. Refusals have stable codes.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(Object.values(ROUTE_DOCS).map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: Object.fromEntries(components),
    },
  };
}

export function docOf({ method, path }: Pick<Route, 'method' | 'path'>): RouteDoc | undefined {
  return ROUTE_DOCS[`${method} ${path}`];
}

function operation(route: Route, doc: RouteDoc, components: Map<string, JsonSchema>): Json {
  const { body, example, status = 200, type = 'application/json' } = doc;
  const { bodyType = 'application/json' } = doc;
  const shared = (schema: JsonSchema): JsonSchema => referring(schema, components);
  const answers = [doc.answer, ...(doc.variant === undefined ? [] : [doc.variant.answer])];
  const [schema, ...others] = answers.map(shared);
  const content = { schema: others.length === 0 ? schema : { oneOf: [schema, ...others] } };
  return {
    operationId: operationId(route),
    tags: [doc.tag],
    summary: doc.summary,
    ...access(route),
    parameters: [...pathParameters(route), ...queryParameters(route, doc)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              [bodyType]: {
                schema: shared(body),
                ...(example?.body === undefined ? {} : { example: example.body }),
              },
            },
          },
        }),
    responses: {
      [status]: {
        description: status < 300 ? 'Done.' : 'Refused.',
        ...(status < 300 ? { content: { [type]: content } } : {}),
      },
      ...refusals(route, doc, shared),
    },
  };
}

/** `POST /v1/auctions/{id}/buy-now` → `postAuctionsIdBuyNow` */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/v1/, '')
    .split(/[^A-Za-z]+/)
    .filter((word) => word !== '');
  const name = words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('');
  return `${method.toLowerCase()}${name}`;
}

function access({ access: who }: Route): Json {
  if (who === 'open') return { security: [] };
  if (who === 'read') {
    return {
      security: [{ token: [] }, {}],
      description: 'Without a token only where the server allows it (`server.allowAnonymous`).',
    };
  }
  if (who === 'user') return { description: 'Signed in.' };
  if (who === ANYBODY) return { description: 'Signed in.' };
  const bits = Object.entries(ROLE_BITS).filter(([, bit]) => (who & bit) !== 0);
  return { description: `Role ${bits.map(([name]) => `\`${name}\``).join(' or ')}.` };
}

const IDS: Readonly<Partial<Record<RefusalName, string>>> = {
  RESET_TOKEN_INVALID: 'The token of the reset.',
  ACCOUNT_UNKNOWN: 'The id of the user.',
  SEARCH_UNKNOWN: 'The id of the saved search.',
};

function pathParameters({ path, unknownId = 'AUCTION_UNKNOWN' }: Route): readonly Json[] {
  const means: Readonly<Record<string, string>> = {
    id: IDS[unknownId] ?? `The auction: ${AUCTION_ID_MEANS}.`,
    record: 'Number of the record that answered the bid.',
    hash: 'The hash of the image.',
    size: 'The size of the image.',
  };
  return Array.from(path.matchAll(/\{([a-z]+)\}/g), ([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: means[name],
    schema: { type: 'string' },
  }));
}

function queryParameters({ query, path }: Route, { example, variant }: RouteDoc): readonly Json[] {
  assert(!isNames(query) || query.length === 0, `the parameters of ${path} are not described`);
  return Object.entries(query as Parameters).map(([name, { json, means, required }]) => ({
    name,
    in: 'query',
    required: required !== undefined,
    description: means,
    schema: json,
    ...(example?.query?.[name] === undefined ? {} : { example: example.query[name] }),
    ...(variant?.query[name] === undefined
      ? {}
      : { examples: { [variant.name]: { value: variant.query[name] } } }),
  }));
}

/** By status: which refusals have it. */
function refusals(route: Route, doc: RouteDoc, shared: (schema: JsonSchema) => JsonSchema): Json {
  const signedIn = route.access === 'open' ? [] : SIGNED_IN;
  const role = typeof route.access === 'number' ? ['ROLE_MISSING' as const] : [];
  const names = [...GENERAL, ...signedIn, ...role, ...(doc.refusals ?? [])];
  const byStatus = new Map<number, RefusalName[]>();
  for (const name of names) {
    const { http } = REFUSALS[name];
    byStatus.set(http, [...(byStatus.get(http) ?? []), name]);
  }
  const isAnswer = doc.tag === 'bids' && doc.body !== undefined;
  return Object.fromEntries(
    [...byStatus].map(([status, refused]) => [
      status,
      {
        description: refused.map((name) => `${REFUSALS[name].code} ${name}`).join(', '),
        content: {
          'application/json': {
            // A refused bid is told the state as well.
            schema: isAnswer ? { anyOf: [shared(REFUSAL), shared(doc.answer)] } : shared(REFUSAL),
          },
        },
      },
    ]),
  );
}

/** The schema with a reference in place of whatever has a title, which becomes a component. */
function referring(schema: unknown, components: Map<string, JsonSchema>): JsonSchema {
  const walked = (value: unknown, isSchema: boolean): unknown => {
    if (Array.isArray(value)) return value.map((one) => walked(one, isSchema));
    if (typeof value !== 'object' || value === null) return value;
    const { title, ...rest } = value as JsonSchema;
    const inner = Object.fromEntries(
      Object.entries(rest).map(([name, one]) => [name, walked(one, name !== 'properties')]),
    );
    if (!isSchema || typeof title !== 'string') {
      return title === undefined ? inner : { title: walked(title, true), ...inner };
    }
    components.set(title, inner);
    return { $ref: `#/components/schemas/${title}` };
  };
  return walked(schema, true) as JsonSchema;
}
