import { createSeededRandom, type SeededRandom } from '../random.js';
import { inventCast } from './cast.js';
import type { Draft } from './draft.js';
import { createTimestampRenderer, type Instant, truncateInstant } from './instant.js';
import { everyOddMember, oddMembers, respace, type Spacing } from './oddities.js';
import { spreadByRhythm } from './rhythm.js';
import { SERVICE_PROFILES, type ServiceProfile, weightedLottery } from './services.js';
import { padToSize, type SizedEventRequest } from './sized-event.js';
import type { SyntheticEvent } from './synthetic-event.js';
import { writeProfileList } from './templates/devices.js';

/** How the generated traffic shall be; shares are probabilities, 0 to 1. */
export interface EventGeneratorOptions {
  /** The same seed and the same calls give the same events, byte for byte. */
  readonly seed: number;
  /** Services to make events of; all of the catalogue when absent. */
  readonly services?: readonly string[];
  /** Organizations that events belong to, drawn evenly; one invented when absent. */
  readonly organizations?: readonly (string | null)[];
  /** The longest usual time between an event and its appearance in the API, milliseconds. Default 500. */
  readonly indexDelayMs?: number;
  /** Share of events that appear late. Default 0. */
  readonly lateShare?: number;
  /** How late the late ones are, milliseconds. Default 5,000 to 120,000. */
  readonly lateMs?: { readonly min: number; readonly max: number };
  /** Share of events with members that a re-serialisation would alter. Default 0.05. */
  readonly oddShare?: number;
  /** Share of events with blanks between their tokens. Default 0.05. */
  readonly spacedShare?: number;
  /** Share of events that repeat the previous one's timestamp, or its millisecond. Default 0.02. */
  readonly sameInstantShare?: number;
  /** Share of events whose timestamp is some seconds in the future. Default 0.0005. */
  readonly futureShare?: number;
  /** Share of MDM lists above 250,000 bytes. Default 0.00002. */
  readonly oversizedShare?: number;
}

/** Makes events; it never ends. */
export interface EventGenerator {
  /** Whose events it makes; null stands for the multi-tenant portal. */
  readonly organizations: readonly (string | null)[];
  /** One event of something that happened at the instant (epoch milliseconds, fractions count). */
  next(occurredAtMs: number): SyntheticEvent;
  /** `count` events that happened in [fromMs, toMs), in the order of happening, by the daily rhythm. */
  spread(range: { readonly fromMs: number; readonly toMs: number; readonly count: number }): Generator<SyntheticEvent>;
  /** An event of an exact size in bytes. */
  sized(request: SizedEventRequest): SyntheticEvent;
  /** An event that has every odd member of the catalogue. */
  odd(occurredAtMs: number): SyntheticEvent;
}

const SPACINGS: readonly Spacing[] = ['after-colons', 'after-both', 'lines'];
const BURST_CHANCE = 1 / 8_000;

/** Creates a generator of Directory Insights traffic, after the catalogue of events. */
export function createEventGenerator(options: EventGeneratorOptions): EventGenerator {
  const {
    indexDelayMs = 500,
    lateShare = 0,
    lateMs = { min: 5_000, max: 120_000 },
    oddShare = 0.05,
    spacedShare = 0.05,
    sameInstantShare = 0.02,
    futureShare = 0.0005,
    oversizedShare = 0.00002,
  } = options;
  const random = createSeededRandom(options.seed);
  const cast = inventCast(random);
  const organizations = options.organizations ?? [random.hex(24)];
  const profiles = SERVICE_PROFILES.filter(({ service }) => options.services?.includes(service) ?? true);
  const [firstProfile] = profiles;
  if (firstProfile === undefined) throw new RangeError('none of the services is in the catalogue');
  const lottery = weightedLottery(profiles);
  const software = profiles.find(({ service }) => service === 'software');
  const mdm = profiles.find(({ service }) => service === 'mdm');
  const roomiest = mdm ?? firstProfile;
  const renderTimestamp = createTimestampRenderer();
  let previous: Instant = { ms: 0, ns: 0 };
  let burst = 0;

  const drawProfile = (): ServiceProfile => {
    // A device's first check-in reports all its applications at once.
    if (software !== undefined && burst === 0 && random.chance(BURST_CHANCE)) burst = 50 + random.below(450);
    if (software !== undefined && burst > 0) {
      burst--;
      return software;
    }
    return random.pick(lottery);
  };

  const drawInstant = (occurredAtMs: number, fractionDigits: number): Instant => {
    if (random.chance(sameInstantShare) && occurredAtMs - previous.ms < 1000 && occurredAtMs >= previous.ms) {
      return random.chance(0.5) || fractionDigits < 4 ? previous : { ms: previous.ms, ns: random.below(1_000_000) };
    }
    const ahead = random.chance(futureShare) ? 1000 + random.below(8000) : 0;
    const ms = Math.floor(occurredAtMs);
    return truncateInstant({ ms: ms + ahead, ns: random.below(1_000_000) }, fractionDigits);
  };

  const make = (occurredAtMs: number, profile: ServiceProfile, body: string): SyntheticEvent => {
    const instant = drawInstant(occurredAtMs, random.pick(profile.fractionDigits));
    previous = instant;
    const id = profile.service === 'radius' ? upperCaseUuid(random) : random.hex(24);
    const organization = random.pick(organizations);
    const owner = organization === null ? 'null' : `"${organization}"`;
    const head = `"id":"${id}","timestamp":"${renderTimestamp(instant)}"`;
    const tail = `"service":"${profile.service}","@version":"1","organization":${owner}`;
    // Captured events have no stable member order.
    const compact = random.chance(0.5) ? `{${head},${tail},${body}}` : `{${body},${tail},${head}}`;
    const text = random.chance(spacedShare) ? respace(compact, random.pick(SPACINGS)) : compact;
    const delayMs = random.chance(lateShare)
      ? lateMs.min + random.fraction() * (lateMs.max - lateMs.min)
      : random.fraction() * indexDelayMs;
    return {
      id,
      text,
      service: profile.service,
      organization,
      timestampMs: instant.ms,
      timestampNs: instant.ns,
      visibleAtMs: Math.ceil(occurredAtMs + delayMs),
    };
  };

  const next = (occurredAtMs: number): SyntheticEvent => {
    const draft: Draft = { random, cast, occurredAtMs };
    if (mdm !== undefined && random.chance(oversizedShare)) {
      return make(occurredAtMs, mdm, writeProfileList(draft, 55 + random.below(60)));
    }
    const profile = drawProfile();
    const body = profile.write(draft);
    return make(occurredAtMs, profile, random.chance(oddShare) ? body + oddMembers(random) : body);
  };

  return {
    organizations,
    next,
    *spread(range) {
      for (const occurredAtMs of spreadByRhythm(range, random)) yield next(occurredAtMs);
    },
    sized: (request) => padToSize(make(request.occurredAtMs, roomiest, '"event_type":"mdm_command_result"'), request),
    odd: (occurredAtMs) => {
      const body = roomiest.write({ random, cast, occurredAtMs });
      return make(occurredAtMs, roomiest, body + everyOddMember());
    },
  };
}

function upperCaseUuid(random: SeededRandom): string {
  const digits = random.hex(32).toUpperCase();
  return (
    `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}` +
    `-A${digits.slice(17, 20)}-${digits.slice(20)}`
  );
}
