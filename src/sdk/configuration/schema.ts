/**
 * What the SDK reads of a JSON Schema (draft-07) that describes settings. Everything else in it goes to the validator
 * as it is. Three keywords are our own: `x-secret`, `x-unit` and `x-duration`.
 */
export interface SettingsSchema {
  readonly title?: string;
  readonly description?: string;
  readonly type: 'object';
  readonly properties: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  /** Sekoia's own keyword: names of the properties that the platform stores as secrets. */
  readonly secrets?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** One setting. */
export interface SettingSchema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly format?: string;
  readonly examples?: readonly unknown[];
  /** The value must never be shown, whatever the platform thinks of it. */
  readonly 'x-secret'?: boolean;
  /** What a number counts. */
  readonly 'x-unit'?: string;
  /** The text is a duration, within these bounds. */
  readonly 'x-duration'?: { readonly minimum?: string; readonly maximum?: string };
  readonly [keyword: string]: unknown;
}

/** The declaration of a setting; undefined for a name the schema does not declare, `__proto__` included. */
export function declarationOf(schema: SettingsSchema, name: string): SettingSchema | undefined {
  return Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
}

/** Whether a setting's value must never be shown. */
export function isSecret(schema: SettingsSchema, name: string): boolean {
  const declaration = declarationOf(schema, name);
  if (schema.secrets?.includes(name) === true) return true;
  return declaration?.['x-secret'] === true || declaration?.format === 'password';
}

/** The JSON types a setting may have. */
export function typesOf(declaration: SettingSchema): readonly string[] {
  if (declaration.type === undefined) return [];
  return typeof declaration.type === 'string' ? [declaration.type] : declaration.type;
}
