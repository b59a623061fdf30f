import type { CollectionSettings } from '../configuration/collection-settings.js';
import type { HeldSettings } from '../held-settings.js';
import { observedTransport } from '../http/observed-transport.js';
import type { DestinationContext } from '../trigger.js';
import { IntakeDestination } from './intake-destination.js';

/** The part of the settings that an intake needs. */
export type IntakeSettings = Pick<
  CollectionSettings,
  'intakeUrl' | 'intakeKey' | 'intakeFormat' | 'intakeCompression' | 'chunkSize' | 'retryForMs' | 'oversizedEvents'
>;

/** What a trigger says of itself and of its events to its intake. */
export interface IntakeSender {
  /** Product and version: `okta-system-log/1.0.0`. */
  readonly userAgent: string;
  /** Members of an event's top level that trimming leaves whole. */
  readonly protectedMembers: readonly string[];
}

/** The world of an intake, and its key of now where that may be replaced. */
export type IntakeContext = Omit<DestinationContext, 'held'> & { readonly key?: HeldSettings<string> };

/** The Sekoia intake of these settings. */
export function createIntake(
  settings: IntakeSettings,
  { userAgent, protectedMembers }: IntakeSender,
  { clock, random, transport, listener, anySize, share, key }: IntakeContext,
): IntakeDestination {
  return new IntakeDestination({
    url: settings.intakeUrl,
    intakeKey: settings.intakeKey,
    form: settings.intakeFormat === 'plain_batch' ? 'lines' : 'json',
    isCompressed: settings.intakeCompression === 'gzip',
    maxEvents: settings.chunkSize,
    ...(anySize && { maxEventBytes: Infinity }),
    ...(settings.oversizedEvents === 'trim' && { protectedMembers }),
    retryForMs: settings.retryForMs,
    userAgent,
    transport: observedTransport(transport, { side: 'destination', clock, listener }),
    ...{ clock, random },
    ...(listener && { listener }),
    ...(share && { spareBodies: share.spareBodies }),
    ...(key && { key }),
  });
}
