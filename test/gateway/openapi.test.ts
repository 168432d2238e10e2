/** The documents that describe the routes and messages: valid, whole, and made from the code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApi } from '../../src/gateway/asyncapi.ts';
import { docsPage } from '../../src/gateway/docs-page.ts';
import { GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import { docOf, openApi } from '../../src/gateway/openapi.ts';
import type { RestContext } from '../../src/gateway/rest-routes.ts';
import { publicRoutes } from '../../src/gateway/rest-routes.ts';
import { ROUTE_DOCS } from '../../src/gateway/route-docs.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { fencesOf, readDoc } from '../protocol/markdown.ts';

const routes = publicRoutes({ limits: GATEWAY_LIMITS } as RestContext);
const document = openApi(routes, '1.2.3');
const messages = asyncApi(MESSAGES, '1.2.3');

test('every route is described in route-docs.ts, and nothing else is', () => {
  for (const route of routes) {
    const { method, path } = route;
    assert.ok(docOf(route), `${method} ${path} has no entry in src/gateway/route-docs.ts: add one`);
  }
  const known = routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(Object.keys(ROUTE_DOCS).toSorted(), known.toSorted());
});

test('a route that takes a body says which, and gives an example', () => {
  for (const route of routes) {
    const { body, example } = docOf(route) ?? {};
    assert.equal(body !== undefined, route.takesBody, route.path);
    assert.equal(example?.body !== undefined, route.takesBody, `${route.path}: an example`);
  }
});

test('the document is OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, null, 2));
});

test('the bodies in the examples fit their schemas', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'doc', ...document });
  for (const [path, methods] of Object.entries(document['paths'] as Paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const example = requestBody?.content['application/json']?.example;
      if (example === undefined) continue;
      const way = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'];
      const pointer = way.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
      const check = ajv.compile({ $ref: `doc#/${pointer}` });
      assert.ok(check(example), `${method} ${path}: ${JSON.stringify(check.errors)}`);
    }
  }
});

test('the page shows every route, and nothing that a browser would run', () => {
  const html = docsPage(document);
  for (const { path } of routes) assert.ok(html.includes(path.replaceAll('"', '')), path);
  assert.doesNotMatch(html, /<script|\son\w+=|javascript:/i);
});

test('the messages are AsyncAPI 3.0, and the examples of docs/protocol.md fit them', () => {
  const schema = createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json');
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const { definitions, ...rest } = JSON.parse(readFileSync(schema, 'utf8')) as {
    readonly definitions: Record<string, object>;
  };
  // The validator brings this one itself.
  delete definitions['http://json-schema.org/draft-07/schema'];
  const check = ajv.compile({ ...rest, definitions });
  assert.ok(check(messages), JSON.stringify(check.errors?.slice(0, 3)));

  const payloads = (messages as unknown as AsyncDocument).components.messages;
  const seen = new Set<string>();
  for (const { language, text } of fencesOf(readDoc('protocol.md'))) {
    if (language !== 'json') continue;
    const example = JSON.parse(text) as { readonly type?: string };
    const payload = payloads[example.type ?? '']?.payload;
    if (payload === undefined) continue;
    const fits = ajv.compile(payload);
    assert.ok(fits(example), `${example.type}: ${JSON.stringify(fits.errors)}`);
    seen.add(example.type ?? '');
  }
  assert.deepEqual([...seen].toSorted(), Object.keys(payloads).toSorted(), 'each has an example');
});

interface AsyncDocument {
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly payload: object }>>;
  };
}

type Paths = Readonly<
  Record<
    string,
    Readonly<
      Record<
        string,
        {
          readonly requestBody?: {
            readonly content: Readonly<Record<string, { example?: unknown }>>;
          };
        }
      >
    >
  >
>;
