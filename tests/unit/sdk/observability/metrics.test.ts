import { describe, expect, it } from '@jest/globals';

import { createMetrics } from '../../../../src/sdk/observability/metrics.js';
import type { Freshness } from '../../../../src/sdk/pipeline/pipeline-event.js';

async function textAfter(...told: readonly Freshness[]): Promise<string> {
  const metrics = createMetrics();
  for (const freshness of told)
    metrics.listener({ kind: 'delivered', events: 3, bytes: 900, durationMs: 10, freshness });
  return metrics.text();
}

const SEEN = 'symphony_module_jumpcloud_seen_to_acknowledged_seconds';
const HAPPENED = 'symphony_module_jumpcloud_event_to_acknowledged_seconds';

describe('the metrics of freshness', () => {
  it('have one observation a batch, in seconds, by lane', async () => {
    const text = await textAfter(
      { lane: 'tail', sinceSeenMs: 250, sinceHappenedMs: 1_200 },
      { lane: 'tail', sinceSeenMs: 500, sinceHappenedMs: 40_000 },
      { lane: 'backfill', sinceSeenMs: 3_000, sinceHappenedMs: undefined },
    );
    expect(text).toContain(`${SEEN}_bucket{le="0.25",lane="tail"} 1`);
    expect(text).toContain(`${SEEN}_sum{lane="tail"} 0.75`);
    expect(text).toContain(`${SEEN}_count{lane="backfill"} 1`);
    expect(text).toContain(`${HAPPENED}_bucket{le="2.5"} 1`);
    expect(text).toContain(`${HAPPENED}_count 2`);
  });
});
