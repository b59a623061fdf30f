import { parseTimestamp } from '../../sdk/time/timestamp.js';

/** What the name of an object that the official exporter wrote says of it. */
export interface ExportedObject {
  /** The exporter puts it there only where it was told one. */
  readonly organization: string | undefined;
  /** The service that was asked for, `all` included; undefined of releases before 3.0, whose names have none. */
  readonly service: string | undefined;
  /** The range of event time that was asked for, epoch milliseconds, rounded down. */
  readonly fromMs: number;
  readonly toMs: number;
}

const PREFIX = 'jc_directoryinsights';
/** Colons of the time are hyphens. */
const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d(?:\.\d+)?Z)$/;
const ORGANIZATION = /^([0-9a-f]{24})(?:_(.+))?$/;

/**
 * Reads the name of an object (Directory Insights, file exports). Nothing depends on it: objects are recognised by their
 * content.
 * @param name with what stands before it: folders, a prefix
 * @returns undefined where the exporter does not call its objects so
 */
export function readObjectName(name: string): ExportedObject | undefined {
  const [, stem] = /([^/\\]+?)\.json(?:\.gz)?$/.exec(name) ?? [];
  if (stem?.startsWith(`${PREFIX}_`) !== true) return undefined;
  // Names of services have underscores: the two last parts are the bounds.
  const parts = stem.slice(PREFIX.length + 1).split('_');
  const [fromMs, toMs] = parts.slice(-2).map(instantOf);
  if (fromMs === undefined || toMs === undefined) return undefined;
  const rest = parts.slice(0, -2).join('_');
  const [, organization, service] = ORGANIZATION.exec(rest) ?? [undefined, undefined, rest];
  return { organization, service: service === '' ? undefined : service, fromMs, toMs };
}

function instantOf(part: string): number | undefined {
  return INSTANT.test(part) ? parseTimestamp(part.replace(INSTANT, '$1:$2:$3'))?.ms : undefined;
}
