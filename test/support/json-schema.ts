/** A TypeBox schema seen as the plain JSON Schema that it is, for tests that walk schemas. */
export interface JsonSchema {
  readonly $id?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export function jsonSchema(schema: object): JsonSchema {
  return JSON.parse(JSON.stringify(schema));
}
