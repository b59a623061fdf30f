// scripts/generate.mjs runs this file and these two by themselves, without a build: keep them free of packages.
import { flagOf } from './layer.js';
import { isSecret, typesOf, type SettingSchema, type SettingsSchema } from './schema.js';

/** One setting in words: a row of the documentation's tables, a flag of the command line. */
export interface SettingDescription {
  readonly name: string;
  /** `--page-size` for `page_size`. */
  readonly flag: string;
  /** What stands for the value in the help, in upper case: `SECONDS`, `TEXT`. */
  readonly placeholder: string;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** Empty where there is none. */
  readonly default: string;
  /** Bounds, choices or examples; empty where anything goes. */
  readonly allowed: string;
}

/** Every setting of a schema, in its order. */
export function describeSettings(schema: SettingsSchema): SettingDescription[] {
  return Object.entries(schema.properties).map(([name, setting]) => ({
    name,
    flag: flagOf(name),
    placeholder: placeholderOf(setting),
    title: setting.title ?? name,
    description: setting.description ?? '',
    type: describeType(setting),
    required: schema.required?.includes(name) === true,
    secret: isSecret(schema, name),
    default: describeDefault(setting.default),
    allowed: describeAllowed(setting),
  }));
}

function describeDefault(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'object',
  null: 'nothing',
};

/** The type of a setting in words: `integer`, `duration`, `text or list`. */
export function describeType(setting: SettingSchema): string {
  if (setting['x-duration'] !== undefined) return 'duration';
  const types = typesOf(setting);
  return types.length === 0 ? 'any' : types.map((type) => TYPE_WORDS[type] ?? type).join(' or ');
}

/** What a setting accepts in words: `1 to 10000 events`; empty where nothing is said. */
export function describeAllowed(setting: SettingSchema): string {
  if (setting.enum !== undefined) return setting.enum.map(String).join(', ');
  const duration = setting['x-duration'];
  const bounds = describeBounds(
    duration?.minimum ?? setting.minimum,
    duration?.maximum ?? setting.maximum,
    setting.exclusiveMinimum,
    setting.exclusiveMaximum,
  );
  const unit = setting['x-unit'] ?? '';
  if (bounds !== '') return unit === '' ? bounds : `${bounds} ${unit}`;
  if (setting.examples !== undefined) return `for example ${setting.examples.map(String).join(', ')}`;
  return unit;
}

type Bound = string | number | undefined;

function describeBounds(least: Bound, most: Bound, above: Bound, below: Bound): string {
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  const low = least !== undefined ? `at least ${least}` : above !== undefined ? `more than ${above}` : '';
  const high = most !== undefined ? `at most ${most}` : below !== undefined ? `less than ${below}` : '';
  return [low, high].filter((part) => part !== '').join(', ');
}

function placeholderOf(setting: SettingSchema): string {
  if (setting['x-unit'] !== undefined) return setting['x-unit'].toUpperCase();
  if (setting['x-duration'] !== undefined) return 'DURATION';
  if (setting.enum !== undefined) return setting.enum.map(String).join('|');
  const [type = 'value'] = typesOf(setting);
  return type === 'string' ? 'TEXT' : type.toUpperCase();
}
