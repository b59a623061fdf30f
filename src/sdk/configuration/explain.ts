import type { ErrorObject } from 'ajv';
import { DURATION_SYNTAX } from '../time/duration.js';
import { describeAllowed, describeType } from './describe-settings.js';
import { isJsonObject } from './json.js';
import { suggestion } from './nearest.js';
import type { SettingSchema } from './schema.js';

/** What an explanation may use beside the validator's error. */
export interface ExplainOptions {
  /** The value as it may be shown. */
  readonly shown: string;
  /** The members that do exist, where the error is about one that does not. */
  readonly known: readonly string[];
}

/** A validator's error in words, to be read after the setting's name: `must be at least 1, not -5`. */
export function explainError(error: ErrorObject, { shown, known }: ExplainOptions): string {
  const setting: SettingSchema = isJsonObject(error.parentSchema) ? error.parentSchema : {};
  const params: Readonly<Record<string, unknown>> = error.params;
  const limit = String(params['limit']);
  switch (error.keyword) {
    case 'type':
      return `must be ${describeExpected(setting)}, not ${describeGiven(error.data, shown)}${quoteAdvice(setting, error.data)}`;
    case 'enum':
      return `must be one of ${describeAllowed(setting)}, not ${shown}${suggestChoice(setting, error.data)}`;
    case 'minimum':
      return `must be at least ${limit}, not ${shown}${allowedBehind(setting)}`;
    case 'maximum':
      return `must be at most ${limit}, not ${shown}${allowedBehind(setting)}`;
    case 'exclusiveMinimum':
      return `must be more than ${limit}, not ${shown}${allowedBehind(setting)}`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}, not ${shown}${allowedBehind(setting)}`;
    case 'minLength':
      return `must have at least ${limit} characters, not ${shown}`;
    case 'maxLength':
      return `must have at most ${limit} characters, not ${shown}`;
    case 'pattern':
      return `must match ${String(params['pattern'])}, not ${shown}`;
    case 'format':
      return `must be a valid ${String(params['format'])}, not ${shown}`;
    case 'additionalProperties':
      return `is unknown${suggestion(String(params['additionalProperty']), known)}`;
    case 'anyOf':
    case 'oneOf':
      return `has none of the allowed forms, being ${shown}`;
    default:
      return `${error.message ?? 'is not allowed'}, not ${shown}`;
  }
}

function describeExpected(setting: SettingSchema): string {
  if (setting['x-duration'] !== undefined) return `a duration: ${DURATION_SYNTAX}`;
  const type = describeType(setting);
  const article = type.startsWith('text') || type.startsWith('true') ? '' : /^[aeio]/.test(type) ? 'an ' : 'a ';
  const allowed = describeAllowed(setting);
  return `${article}${type}${allowed === '' ? '' : ` (${allowed})`}`;
}

function describeGiven(value: unknown, shown: string): string {
  if (typeof value === 'string') return `the text ${shown}`;
  if (typeof value === 'number') return `the number ${shown}`;
  return shown;
}

/** A number where text belongs is nearly always a YAML value that lacks its quotes. */
function quoteAdvice(setting: SettingSchema, value: unknown): string {
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  return scalar && setting.type === 'string' && setting['x-duration'] === undefined ? ': put it in quotes' : '';
}

function allowedBehind(setting: SettingSchema): string {
  const allowed = describeAllowed(setting);
  return allowed === '' ? '' : `; allowed: ${allowed}`;
}

function suggestChoice(setting: SettingSchema, value: unknown): string {
  return typeof value !== 'string' ? '' : suggestion(value, (setting.enum ?? []).map(String));
}
