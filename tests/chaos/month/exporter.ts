import { gzipSync } from 'node:zlib';

import type { EventStore } from '../../../src/simulators/jumpcloud/event-store.js';

/** The forms in which the serverless exporter of AWS writes an object. */
export type ExportForm = 'MultiLine' | 'SingleLine';

/** What one instant of its cron rule asks for: what happened in between, both bounds included. Whole seconds, epoch milliseconds. */
export interface ExportWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The objects that JumpCloud's serverless exporter writes of a window, by name: one for each service that has events, gzip, an
 * array of what the API shows, the latest first (Directory Insights, 'File exports').
 */
export function exportWindow(
  store: EventStore,
  { fromMs, toMs }: ExportWindow,
  {
    services,
    form,
    nowMs,
  }: { readonly services: readonly string[]; readonly form: ExportForm; readonly nowMs: number },
): [name: string, content: Buffer][] {
  const bound = (ms: number): { ms: number; ns: number; inclusive: boolean } => ({ ms, ns: 0, inclusive: true });
  return services.flatMap((service) => {
    const events: { timestamp: string }[] = [];
    store.scan({ from: bound(fromMs), to: bound(toMs), services: new Set([service]), visibleAtMs: nowMs }, (row) => {
      events.push(JSON.parse(store.text(row).toString()) as { timestamp: string });
      return true;
    });
    if (events.length === 0) return [];
    events.sort((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0));
    const texts = events.map((event) => written(event, form));
    const array = form === 'MultiLine' ? `[\n  ${texts.join(',\n  ')}\n]` : `[${texts.join(',\n')}]`;
    const name = `jc_directoryinsights_${service}_${inName(fromMs)}_${inName(toMs)}.json.gz`;
    return [[name, gzipSync(array, { level: 9 })]];
  });
}

/** An event's text as it stands in an object of this form. */
export function exportedText(text: string, form: ExportForm): string {
  return written(JSON.parse(text), form);
}

/** As Python writes it: with blanks, and without letters beyond ASCII. */
function written(event: unknown, form: ExportForm): string {
  const lines = JSON.stringify(event, null, 2);
  const text =
    form === 'MultiLine' ? lines.replaceAll('\n', '\n  ') : lines.replaceAll(/,\n */g, ', ').replaceAll(/\n */g, '');
  return text.replaceAll(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function inName(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}
