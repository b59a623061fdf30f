import { describe, expect, it } from '@jest/globals';

import { DeliveryState } from '../../../../src/sdk/checkpoint/delivery-state.js';
import { committedEvent } from '../../../../src/sdk/pipeline/committed-event.js';
import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';

const HOUR_MS = 3_600_000;
const TOLD = { accountedFor: 3, nothingOwedFromMs: 9 };

async function stateOwedFrom(fromMs: number): Promise<DeliveryState> {
  const options = { startFromMs: fromMs, keepMs: 24 * HOUR_MS, stream: 'all' };
  return DeliveryState.open({ ...options, storage: createMemoryStorage() });
}

describe('what is told of a commit', () => {
  it('is how far everything was read, and nothing of proof before there is one', async () => {
    const state = await stateOwedFrom(5 * HOUR_MS);
    expect(committedEvent(state, TOLD)).toEqual({
      ...{ kind: 'committed', owedFromMs: 5 * HOUR_MS, accountedFor: 3, ledgerEvents: 0, provenToMs: undefined },
    });
  });

  it('is proven up to where counts agreed', async () => {
    const state = await stateOwedFrom(5 * HOUR_MS);
    state.agree({ fromMs: 0, toMs: 4 * HOUR_MS, atMs: 5 * HOUR_MS, disputed: [] });
    expect(committedEvent(state, TOLD)).toMatchObject({ provenToMs: 4 * HOUR_MS });
  });

  it('is not proven from the first dispute on', async () => {
    const state = await stateOwedFrom(5 * HOUR_MS);
    const disputed = [{ fromMs: 2 * HOUR_MS, toMs: 3 * HOUR_MS }];
    state.agree({ fromMs: 0, toMs: 4 * HOUR_MS, atMs: 5 * HOUR_MS, disputed });
    expect(committedEvent(state, TOLD)).toMatchObject({ provenToMs: 2 * HOUR_MS });
  });

  it('is not proven from a gap on that was found since', async () => {
    const state = await stateOwedFrom(5 * HOUR_MS);
    state.agree({ fromMs: HOUR_MS, toMs: 4 * HOUR_MS, atMs: 5 * HOUR_MS, disputed: [] });
    state.owe({ fromMs: 3 * HOUR_MS, toMs: 3.5 * HOUR_MS });
    expect(committedEvent(state, TOLD)).toMatchObject({ provenToMs: 3 * HOUR_MS, owedFromMs: 3 * HOUR_MS });
  });

  it('is as proven as before where the gap lies before all that was compared', async () => {
    const state = await stateOwedFrom(5 * HOUR_MS);
    state.agree({ fromMs: HOUR_MS, toMs: 4 * HOUR_MS, atMs: 5 * HOUR_MS, disputed: [] });
    state.owe({ fromMs: 0, toMs: HOUR_MS / 2 });
    expect(committedEvent(state, TOLD)).toMatchObject({ provenToMs: 4 * HOUR_MS, owedFromMs: 0 });
  });
});
