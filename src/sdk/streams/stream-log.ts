import type { GivenFields, Log, LogLevel } from '../observability/log.js';
import type { TriggerStream } from '../trigger.js';

/**
 * The log of one of several streams: each line names it, and none has its whole id. What would be critical of a connector is an
 * error of one of its streams, since the platform stops whatever says `critical`, the other streams with it.
 */
export function streamLog(log: Log, { id, name }: Pick<TriggerStream<unknown>, 'id' | 'name'>): Log {
  const masked = `…${id.slice(-4)}`;
  const mask = (text: string): string => text.replaceAll(id, masked);
  const at =
    (level: LogLevel) =>
    (message: string, fields: GivenFields = {}): void => {
      const shown = Object.entries(fields).map(([key, value]) => [
        key,
        typeof value === 'string' ? mask(value) : value,
      ]);
      log[level](mask(message), { ...fields, ...(Object.fromEntries(shown) as GivenFields), organization: name });
    };
  const error = at('error');
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error, critical: error };
}
