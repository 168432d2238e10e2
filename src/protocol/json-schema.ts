/**
 * What fields look like as JSON, in the words of JSON Schema (2020-12): made beside the checks, so
 * that the documents at /openapi.json and /asyncapi.json cannot say anything else than the checks.
 */

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ObjectSchema extends JsonSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  /** Names that are always there. */
  readonly required: readonly string[];
}

type Properties = Readonly<Record<string, JsonSchema>>;

/** All of them are always there, but those that are named. */
export function objectOf(properties: Properties, optional: readonly string[] = []): ObjectSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** The objects' properties together; what they have in common is said by the last. */
export function joined(...objects: readonly ObjectSchema[]): ObjectSchema {
  const properties = Object.assign({}, ...objects.map((one) => one.properties)) as Properties;
  const required = [...new Set(objects.flatMap((one) => one.required))];
  return { type: 'object', properties, required };
}

export function without({ properties, required }: ObjectSchema, names: readonly string[]) {
  const kept = Object.entries(properties).filter(([name]) => !names.includes(name));
  return {
    type: 'object',
    properties: Object.fromEntries(kept),
    required: required.filter((name) => !names.includes(name)),
  } satisfies ObjectSchema;
}

/** Takes no other properties. What is sent to the server is closed; what it sends may grow. */
export function closed(object: ObjectSchema): ObjectSchema {
  return { ...object, additionalProperties: false };
}

/** What has a title is a component of the document, and is referred to by it. */
export function titled<T extends JsonSchema>(title: string, schema: T): T {
  return { title, ...schema };
}

/** With a sentence on what it means; of an optional one also when it is there. */
export function meaning(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}
