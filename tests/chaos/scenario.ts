import type { FaultScenario } from '../../src/simulators/faults/fault-scenario.js';

/** What both services do now and then while the network, the disk and the processes have troubles of their own. */
export const CHAOS_SCENARIO: FaultScenario = {
  version: 1,
  description: 'Faults of the services under chaos',
  faults: [
    {
      name: 'the API slows us down',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], probability: 0.01 },
      effect: { kind: 'status', status: 429, retry_after: 1 },
    },
    {
      name: 'the API stumbles',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], probability: 0.01 },
      effect: { kind: 'status', status: 500, body: 'html' },
    },
    {
      name: 'an answer is cut off',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], probability: 0.01 },
      effect: { kind: 'truncated_body', keep_share: 0.6 },
    },
    {
      name: 'the intake is busy',
      side: 'sekoia',
      when: { endpoints: ['/batch'], probability: 0.01 },
      effect: { kind: 'status', status: 503 },
    },
    {
      name: 'the intake does not like some events',
      side: 'sekoia',
      when: { event_text_contains: '"event_type":"notification_channel_created"' },
      effect: { kind: 'refuse_events', as: 'request', status: 400, message: 'event cannot be parsed' },
    },
  ],
};
