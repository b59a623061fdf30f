import { parseHeaderText } from '../sdk/configuration/header-text.js';
import type { Parsed } from '../sdk/configuration/parsed.js';
import type { SettingsReader } from '../sdk/configuration/settings-reader.js';
import type { TriggerStream } from '../sdk/trigger.js';
import type { ConnectorArguments } from './configuration.generated.js';

/** One of several organizations, or a provider with its own events. */
export interface Organization {
  readonly kind: 'organization' | 'provider';
  /** As JumpCloud knows it. */
  readonly id: string;
  /** What the operator calls it. */
  readonly label?: string;
  /** Where its events go, if not where the others' do. */
  readonly intakeKey?: string;
}

type Arguments = Partial<Pick<ConnectorArguments, 'organizations' | 'provider_id' | 'organization_intake_keys'>>;

/** An id is the name of a folder, and a header. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_LABEL = 64;

/** Reads which organizations there are; what is wrong with them is left with the reader. */
export function readOrganizations(reader: SettingsReader, args: Arguments): readonly Organization[] {
  const listed =
    args.organizations === undefined ? [] : reader.take('arguments.organizations', args.organizations, parseList, []);
  const provider =
    args.provider_id === undefined ? '' : reader.take('arguments.provider_id', args.provider_id, parseId, '');
  const all: Organization[] = [...listed, ...(provider === '' ? [] : [{ kind: 'provider', id: provider } as const])];
  const given = args.organization_intake_keys;
  const keys =
    given === undefined
      ? {}
      : reader.take('arguments.organization_intake_keys', given, (value) => parseKeys(value, all), {});
  return all.map((organization) => {
    const intakeKey = Object.hasOwn(keys, organization.id) ? keys[organization.id] : undefined;
    return intakeKey === undefined ? organization : { ...organization, intakeKey };
  });
}

/** What the settings of a stream differ in. */
interface StreamSettings {
  readonly organizations: readonly Organization[];
  readonly intakeKey: string;
  readonly organizationId?: string;
  readonly providerId?: string;
}

/** A stream of each. */
export function streamsOf<Settings extends StreamSettings>(settings: Settings): TriggerStream<Settings>[] {
  const { organizations } = settings;
  const names = namesOf(organizations);
  return organizations.map(({ kind, id, intakeKey = settings.intakeKey }, index) => ({
    id,
    name: names[index] ?? id,
    folder: `${kind}s/${id}`,
    settings: {
      ...settings,
      intakeKey,
      organizations: [],
      ...(kind === 'organization' ? { organizationId: id } : { providerId: id }),
    },
  }));
}

/** Labels, or the ends of the ids: an id is not shown whole. What is not unique is told apart by its place in the list. */
function namesOf(organizations: readonly Organization[]): string[] {
  const wanted = organizations.map(
    ({ kind, id, label }) => label ?? `${kind === 'provider' ? 'provider ' : ''}…${id.slice(-4)}`,
  );
  const seen = new Map<string, number>();
  for (const name of wanted) seen.set(name, (seen.get(name) ?? 0) + 1);
  return wanted.map((name, index) => (seen.get(name) === 1 ? name : `${name} (${index + 1})`));
}

function parseList(value: string | readonly string[]): Parsed<readonly Organization[]> {
  const items = (typeof value === 'string' ? value.split(',') : value).map((item) => item.trim());
  const found: Organization[] = [];
  for (const [index, item] of items.filter((text) => text !== '').entries()) {
    const [text = '', ...rest] = item.split('=');
    const id = parseId(text.trim());
    if ('problem' in id) return { problem: `number ${index + 1}: ${id.problem}` };
    const label = rest.join('=').trim();
    // eslint-disable-next-line no-control-regex -- that is what must not be there
    if (label.length > LONGEST_LABEL || /[\u0000-\u001f\u007f]/.test(label))
      return {
        problem: `number ${index + 1}: a name has at most ${LONGEST_LABEL} characters, and no control characters`,
      };
    if (found.some((other) => other.id === id.value)) return { problem: `number ${index + 1} is there twice` };
    found.push({ kind: 'organization', id: id.value, ...(label !== '' && { label }) });
  }
  return found.length === 0
    ? { problem: 'names no organization: leave it out to collect that of the account' }
    : { value: found };
}

function parseId(text: string): Parsed<string> {
  const id = text.trim();
  return ID.test(id) ? { value: id } : { problem: 'must be an id: letters, digits, - and _' };
}

function parseKeys(
  given: Readonly<Record<string, unknown>>,
  organizations: readonly Organization[],
): Parsed<Readonly<Record<string, string>>> {
  const keys: Record<string, string> = {};
  for (const [id, text] of Object.entries(given)) {
    const shown = `…${id.slice(-4)}`;
    if (!organizations.some((organization) => organization.id === id))
      return { problem: `has a key for ${shown}, which is none of the organizations` };
    const parsed = parseHeaderText(String(text));
    if ('problem' in parsed) return { problem: `the key for ${shown} ${parsed.problem}` };
    keys[id] = parsed.value;
  }
  return { value: keys };
}
