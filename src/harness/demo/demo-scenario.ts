import type { FaultScenario } from '../../simulators/faults/fault-scenario.js';

/**
 * A bad day, compressed: what both sides do to a collector now and then. Resets after the intake has taken a batch are
 * left out, because then nobody can know, and a duplicate is right.
 */
export const DEMO_SCENARIO: FaultScenario = {
  version: 1,
  description: 'Faults of the demo',
  seed: 11,
  faults: [
    {
      name: 'the API slows us down',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], from_request: 3, to_request: 3 },
      effect: { kind: 'status', status: 429, message: 'Too many requests', retry_after: 1 },
    },
    {
      name: 'an answer is cut off',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], from_request: 4, to_request: 4 },
      effect: { kind: 'truncated_body', keep_share: 0.6 },
    },
    {
      name: 'the API stumbles',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], from_request: 14, to_request: 14 },
      effect: { kind: 'status', status: 500, body: 'html' },
    },
    {
      name: 'the intake is busy',
      side: 'sekoia',
      when: { endpoints: ['/batch'], from_request: 4, to_request: 4 },
      effect: { kind: 'status', status: 503, message: 'try later' },
    },
    {
      name: 'the intake hangs up',
      side: 'sekoia',
      when: { endpoints: ['/batch'], from_request: 9, to_request: 9 },
      effect: { kind: 'reset', point: 'before_processing' },
    },
    {
      name: 'the intake does not like some events',
      side: 'sekoia',
      when: { event_text_contains: '"event_type":"notification_channel_created"' },
      effect: { kind: 'refuse_events', as: 'request', status: 400, message: 'event cannot be parsed' },
    },
  ],
};
