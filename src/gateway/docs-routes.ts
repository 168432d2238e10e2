/** The routes that describe the others: for machines and for people. Made at the first request. */
import { MESSAGES } from '../protocol/messages.ts';
import { asyncApi } from './asyncapi.ts';
import { docsPage, DOCS_PAGE_POLICY } from './docs-page.ts';
import { openApi } from './openapi.ts';
import type { Route } from './routes.ts';

const JSON_TYPE = 'application/json';

/** @param routes all that are described, these as well */
export function docsRoutes(version: string, routes: () => readonly Route[]): readonly Route[] {
  let documents: Documents | null = null;
  const made = (): Documents => (documents ??= documentsOf(version, routes()));
  const route = (path: string, run: Route['run']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    takesBody: false,
    query: {},
    run,
  });
  return [
    route('/openapi.json', ({ exchange }) => exchange.text(200, JSON_TYPE, made().openApi)),
    route('/asyncapi.json', ({ exchange }) => exchange.text(200, JSON_TYPE, made().asyncApi)),
    route('/docs', ({ exchange }) => exchange.page(made().page, DOCS_PAGE_POLICY)),
  ];
}

interface Documents {
  readonly openApi: string;
  readonly asyncApi: string;
  readonly page: string;
}

function documentsOf(version: string, routes: readonly Route[]): Documents {
  const document = openApi(routes, version);
  return {
    openApi: JSON.stringify(document),
    asyncApi: JSON.stringify(asyncApi(MESSAGES, version)),
    page: docsPage(document),
  };
}
