import type { EventTemplate } from './draft.js';
import {
  writeAccessManagement,
  writeAlerts,
  writeAssetManagement,
  writeNotifications,
  writeObjectStorage,
  writePasswordManager,
  writeReports,
  writeSaasAppManagement,
  writeUnknownService,
  writeWorkflows,
} from './templates/administration.js';
import { writeMdm, writeSoftware } from './templates/devices.js';
import { writeDirectory } from './templates/directory.js';
import { writeLdap, writeRadius, writeSso, writeSystems } from './templates/sign-in.js';

/** How the events of one service look and how common they are. */
export interface ServiceProfile {
  readonly service: string;
  /** Events of this service in ten thousand. */
  readonly weight: number;
  /** Fraction digits that its timestamps may have before zeros are trimmed (jumpcloud-events, 7.2 of the API page). */
  readonly fractionDigits: readonly number[];
  readonly write: EventTemplate;
}

const MILLISECONDS = [3, 3, 3, 2, 1, 0];
const NANOSECONDS = [9, 9, 9, 8, 7, 6, 5, 4, 3];

/** The name of the service that stands for those nobody has documented. */
export const UNKNOWN_SERVICE = 'quantum_vault';

/** Every service of the catalogue, in the proportions of an organization with offices, a VPN and managed devices. */
export const SERVICE_PROFILES: readonly ServiceProfile[] = [
  { service: 'ldap', weight: 2200, fractionDigits: [0, 0, 3], write: writeLdap },
  { service: 'sso', weight: 2100, fractionDigits: NANOSECONDS, write: writeSso },
  { service: 'directory', weight: 1800, fractionDigits: MILLISECONDS, write: writeDirectory },
  { service: 'radius', weight: 1400, fractionDigits: [0], write: writeRadius },
  { service: 'systems', weight: 1200, fractionDigits: NANOSECONDS, write: writeSystems },
  { service: 'software', weight: 700, fractionDigits: MILLISECONDS, write: writeSoftware },
  { service: 'mdm', weight: 150, fractionDigits: NANOSECONDS, write: writeMdm },
  { service: 'password_manager', weight: 150, fractionDigits: MILLISECONDS, write: writePasswordManager },
  { service: 'saas_app_management', weight: 80, fractionDigits: MILLISECONDS, write: writeSaasAppManagement },
  { service: 'object_storage', weight: 40, fractionDigits: MILLISECONDS, write: writeObjectStorage },
  { service: 'alerts', weight: 40, fractionDigits: MILLISECONDS, write: writeAlerts },
  { service: 'asset_management', weight: 40, fractionDigits: MILLISECONDS, write: writeAssetManagement },
  { service: 'access_management', weight: 30, fractionDigits: MILLISECONDS, write: writeAccessManagement },
  { service: 'workflows', weight: 30, fractionDigits: NANOSECONDS, write: writeWorkflows },
  { service: 'reports', weight: 20, fractionDigits: MILLISECONDS, write: writeReports },
  { service: 'notifications', weight: 10, fractionDigits: MILLISECONDS, write: writeNotifications },
  { service: UNKNOWN_SERVICE, weight: 10, fractionDigits: NANOSECONDS, write: writeUnknownService },
];

/** Draws services by their weights: entry `i` of the answer belongs to a draw of `i`, all draws being equally likely. */
export function weightedLottery(profiles: readonly ServiceProfile[]): readonly ServiceProfile[] {
  return profiles.flatMap((profile) => Array.from({ length: profile.weight }, () => profile));
}
