import type { SeededRandom } from '../random.js';

/** A fictitious user or administrator, with the JSON fragments that templates insert. */
interface Person {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  /** `initiated_by` when the person acts as a user. */
  readonly asUser: string;
  /** `initiated_by` when the person acts as an administrator. */
  readonly asAdmin: string;
}

/** A fictitious computer. */
interface Device {
  readonly id: string;
  readonly hostname: string;
  /** The `system` member. */
  readonly asSystem: string;
}

/** A fictitious application that users sign in to. */
interface Application {
  readonly id: string;
  readonly name: string;
  /** The `application` member of sso events. */
  readonly asApplication: string;
}

/** Who and what the events of one generator are about. */
export interface Cast {
  readonly people: readonly Person[];
  readonly admins: readonly Person[];
  readonly devices: readonly Device[];
  readonly applications: readonly Application[];
  readonly groups: readonly { readonly id: string; readonly name: string }[];
}

const SYLLABLES = [
  'ba',
  'dor',
  'el',
  'fi',
  'gan',
  'hu',
  'jo',
  'kel',
  'lu',
  'mir',
  'no',
  'pax',
  'qui',
  'ren',
  'sto',
  'tav',
];
const HOST_KINDS = ['build', 'desk', 'lab', 'kiosk', 'render', 'ops'];
const APPLICATION_NAMES = ['wiki', 'payroll', 'tickets', 'board', 'mail', 'drive', 'survey', 'crm', 'chat', 'ledger'];
const GROUP_NAMES = [
  'Contractors',
  'Engineering',
  'Reception',
  'Night shift',
  'Zweigstelle Süd',
  '研究開発',
  'R&D <lab>',
];

/** Invents a cast. No name in it belongs to anybody; every address is of a documentation domain. */
export function inventCast(random: SeededRandom): Cast {
  const people = Array.from({ length: 300 }, (_, index) => inventPerson(random, index));
  return {
    people,
    admins: people.slice(0, 8),
    devices: Array.from({ length: 200 }, (_, index) => inventDevice(random, index)),
    applications: APPLICATION_NAMES.map((name) => inventApplication(random, name)),
    groups: GROUP_NAMES.map((name) => ({ id: random.hex(24), name })),
  };
}

function inventPerson(random: SeededRandom, index: number): Person {
  const word = (): string => random.pick(SYLLABLES) + random.pick(SYLLABLES) + random.pick(SYLLABLES);
  const id = random.hex(24);
  const username = `${word()}.${word()}${index}`;
  const email = `${username}@example.com`;
  return {
    id,
    username,
    email,
    asUser: `{"id":"${id}","type":"user","username":"${username}"}`,
    asAdmin: `{"id":"${id}","type":"admin","email":"${email}"}`,
  };
}

function inventDevice(random: SeededRandom, index: number): Device {
  const id = random.hex(24);
  const kind = random.pick(HOST_KINDS);
  const hostname = index % 3 === 0 ? `WIN-${random.hex(4).toUpperCase()}` : `${kind}-${index}.example.org`;
  return {
    id,
    hostname,
    asSystem: `{"id":"${id}","hostname":"${hostname}","displayName":"${kind} ${index}"}`,
  };
}

function inventApplication(random: SeededRandom, name: string): Application {
  const id = random.hex(24);
  const url = `https://sso.example.com/saml2/${name}`;
  return {
    id,
    name,
    asApplication:
      `{"id":"${id}","name":"${name}","display_label":"Team ${name}",` + `"sso_type":"saml","sso_url":"${url}"}`,
  };
}
