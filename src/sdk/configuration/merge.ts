import type { LoadedSection } from './layer.js';
import { suggestion } from './nearest.js';
import { isAbsent, normalise } from './normalise.js';
import { declarationOf, isSecret, type SettingsSchema } from './schema.js';

/** The value that won, and where it came from. */
export interface MergedSetting {
  readonly value: unknown;
  readonly origin: string;
}

/** The layers of a section laid over each other. */
export interface MergedSection {
  readonly settings: ReadonlyMap<string, MergedSetting>;
  /** Settings that were named but left empty everywhere, with the last place that did so. */
  readonly blanks: ReadonlyMap<string, string>;
  /** Names that the schema does not know, with the place they came from. */
  readonly unknown: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  /** Every secret text of any layer, also of one that was overridden, so that none is quoted by accident. */
  readonly secrets: ReadonlySet<string>;
}

/** Lays the layers over the schema's defaults. The later layer wins; an empty value never hides another. */
export function mergeLayers(section: string, given: LoadedSection & { schema: SettingsSchema }): MergedSection {
  const { schema, layers } = given;
  const settings = new Map<string, MergedSetting>();
  const blanks = new Map<string, string>();
  const unknown = new Map<string, string>();
  const warnings: string[] = [];
  const secrets = new Set<string>();

  for (const [name, { default: value }] of Object.entries(schema.properties)) {
    if (value !== undefined) settings.set(name, { value, origin: 'default' });
  }
  for (const { values, originOf } of layers) {
    for (const [name, value] of Object.entries(values)) {
      const declaration = declarationOf(schema, name);
      const origin = originOf(name);
      if (declaration === undefined) {
        if (isAbsent(value)) continue;
        const hint = suggestion(name, Object.keys(schema.properties));
        unknown.set(name, origin);
        warnings.push(`${section}.${name}: unknown setting, ignored${hint} (from ${origin})`);
      } else if (isAbsent(value)) {
        if (!settings.has(name)) blanks.set(name, origin);
      } else {
        settings.set(name, { value: normalise(value, declaration), origin });
        blanks.delete(name);
        if (isSecret(schema, name) && typeof value === 'string') secrets.add(value.trim());
      }
    }
  }
  return { settings, blanks, unknown, warnings, secrets };
}
