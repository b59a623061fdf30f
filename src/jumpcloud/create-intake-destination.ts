import { observedTransport } from '../sdk/http/observed-transport.js';
import { IntakeDestination } from '../sdk/intake/intake-destination.js';
import type { DestinationContext } from '../sdk/trigger.js';
import type { ConnectorSettings } from './settings.js';
import { USER_AGENT } from './user-agent.js';

/**
 * What detection and the parser of the format 'JumpCloud Directory Insights' read of an event, and what places it. Of
 * `changes`, which is read too and may be what makes an event large, each change keeps its field and small values anyway.
 */
export const PROTECTED_MEMBERS: readonly string[] = [
  ...['id', 'timestamp', 'event_type', 'service', 'organization', '@version', 'provider'],
  ...['initiated_by', 'username', 'client_ip', 'src_ip', 'geoip', 'useragent', 'user_agent'],
  ...['resource', 'association', 'application', 'system', 'process_name'],
  ...['success', 'sso_token_success', 'error_message', 'mfa', 'auth_method'],
];

type IntakeSettings = Pick<
  ConnectorSettings,
  'intakeUrl' | 'intakeKey' | 'intakeFormat' | 'intakeCompression' | 'chunkSize' | 'retryForMs' | 'oversizedEvents'
>;

/** The Sekoia intake of these settings. */
export function createIntakeDestination(settings: IntakeSettings, context: DestinationContext): IntakeDestination {
  const { clock, random, transport, listener, anySize } = context;
  return new IntakeDestination({
    url: settings.intakeUrl,
    intakeKey: settings.intakeKey,
    form: settings.intakeFormat === 'plain_batch' ? 'lines' : 'json',
    isCompressed: settings.intakeCompression === 'gzip',
    maxEvents: settings.chunkSize,
    ...(anySize && { maxEventBytes: Infinity }),
    ...(settings.oversizedEvents === 'trim' && { protectedMembers: PROTECTED_MEMBERS }),
    retryForMs: settings.retryForMs,
    userAgent: USER_AGENT,
    transport: observedTransport(transport, { side: 'destination', clock, listener }),
    ...{ clock, random },
    ...(listener && { listener }),
  });
}
