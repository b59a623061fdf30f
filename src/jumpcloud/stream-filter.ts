import { eventOf } from '../sdk/json/event-splitter.js';
import type { StreamFilter } from '../sdk/stored/other-stream.js';
import { describeStream } from './describe-stream.js';

/**
 * Which events a connector collects whose stream is described as `describeStream` does; undefined where it is described
 * otherwise. Where no organization is named, it is that of the key: all are taken to be of it.
 */
export function streamFilter(stream: string): StreamFilter | undefined {
  const [, list = '', organizationId] = /^services ([^ ]+(?:, [^ ]+)*)(?: of organization (\S+))?$/.exec(stream) ?? [];
  const services = list.split(', ');
  if (list === '' || describeStream({ services, ...(organizationId && { organizationId }) }) !== stream)
    return undefined;
  const wanted = services.includes('all') ? undefined : new Set(services);
  return ({ bytes, service }) => {
    if (wanted !== undefined && (service === undefined || !wanted.has(service))) return false;
    return organizationId === undefined || organizationOf(bytes) === organizationId;
  };
}

const BY_ORGANIZATION = { id: 'organization', timestamp: 'timestamp' };

function organizationOf(event: Uint8Array): string | undefined {
  return eventOf(event, BY_ORGANIZATION)?.id;
}
