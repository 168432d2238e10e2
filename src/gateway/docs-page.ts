/**
 * The reference at /docs: the same document as /openapi.json, as one page without scripts, made
 * once. Its one style sheet is allowed by its hash.
 */
import { createHash } from 'node:crypto';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: Json;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, Media>> }
    >
  >;
}

interface Media {
  readonly schema: Json;
  readonly example?: unknown;
}

interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 3rem; text-transform: capitalize } h3 { margin-top: 2rem }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f4f4f4; border-radius: 4px } code { padding: 1px 4px }
pre { padding: .8rem; overflow-x: auto } b { display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse; width: 100%; font-size: 15px } td { padding: 3px 8px 3px 0; vertical-align: top; border-top: 1px solid #ddd }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } code, pre { background: #262626 } td { border-color: #444 } a { color: #8bf } }
`;

/** What the browser may load for it: its own style, and nothing else. */
export const DOCS_PAGE_POLICY =
  `default-src 'none'; frame-ancestors 'none'; style-src 'sha256-` +
  `${createHash('sha256').update(STYLE).digest('base64')}'`;

/** @param document as openApi makes it */
export function docsPage(document: Json): string {
  const { info, tags, paths, components } = document as unknown as Document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<h2 id="${escaped(name)}">${escaped(name)}</h2>${own.map(operationHtml).join('')}`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<h3 id="schema-${escaped(name)}">${escaped(name)}</h3>${schemaHtml(schema)}`,
  );
  const links = tags.map(({ name }) => `<a href="#${escaped(name)}">${escaped(name)}</a>`);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
    `<meta name="viewport" content="width=device-width"><title>${escaped(info.title)} REST reference</title>` +
    `<style>${STYLE}</style></head><body><h1>${escaped(info.title)} ${escaped(info.version)}: REST reference</h1>` +
    `<p>${marked(info.description)}</p><p>For machines: <a href="/openapi.json">/openapi.json</a>; the ` +
    `WebSocket: <a href="/asyncapi.json">/asyncapi.json</a>.</p><p>${links.join(' · ')} · ` +
    `<a href="#schemas">schemas</a></p>${sections.join('')}<h2 id="schemas">schemas</h2>${schemas.join('')}` +
    `</body></html>`
  );
}

function operationHtml({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  const given = parameters.map(({ name, in: where, required, description: means, schema }) => [
    `<code>${escaped(name)}</code>`,
    `${escaped(where)}${required ? '' : ', optional'}`,
    `${marked(means ?? '')} ${typeText(schema)}`,
  ]);
  const bodies = Object.values(requestBody?.content ?? {}).map(({ schema, example }) => {
    const fields = '$ref' in schema ? '' : schemaHtml(schema);
    const shown = example === undefined ? '' : escaped(JSON.stringify(example, null, 2));
    return `<p>Body: ${typeText(schema)}</p>${fields}<pre>${shown}</pre>`;
  });
  const answers = Object.entries(responses).map(([status, { description: means, content }]) => {
    const schema = Object.values(content ?? {})[0]?.schema;
    return [`<code>${status}</code>`, escaped(means), schema === undefined ? '' : typeText(schema)];
  });
  return (
    `<h3><b>${method.toUpperCase()}</b> <code>${escaped(path)}</code></h3>` +
    `<p>${marked(summary)} ${marked(description ?? '')}</p>${table(given)}${bodies.join('')}${table(answers)}`
  );
}

function schemaHtml({ properties = {}, required = [] }: Json): string {
  const always = required as readonly string[];
  return table(
    Object.entries(properties as Readonly<Record<string, Json>>).map(([name, schema]) => [
      `<code>${escaped(name)}</code>`,
      always.includes(name) ? '' : 'optional',
      `${marked(typeof schema['description'] === 'string' ? schema['description'] : '')} ${typeText(schema)}`,
    ]),
  );
}

/** A type in a few words; of a component its name, as a link. */
function typeText(schema: Json): string {
  const { $ref, type, items, anyOf, oneOf, enum: words } = schema;
  if (typeof $ref === 'string') {
    const name = escaped($ref.split('/').at(-1) ?? '');
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (Array.isArray(words))
    return words.map((word) => `<code>${escaped(String(word))}</code>`).join(' ');
  const either = anyOf ?? oneOf;
  if (Array.isArray(either)) return (either as readonly Json[]).map(typeText).join(' or ');
  if (type === 'array') return `list of ${typeText((items ?? {}) as Json)}`;
  return escaped(Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : '');
}

function table(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  return `<table>${cells.join('')}</table>`;
}

/** Escaped, with `code` between backticks. */
function marked(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
