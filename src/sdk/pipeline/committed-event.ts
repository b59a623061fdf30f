import type { DeliveryState } from '../checkpoint/delivery-state.js';
import type { PipelineEvent } from './pipeline-event.js';

interface Told {
  readonly accountedFor: number;
  /** What is told as owed from where nothing is owed, epoch milliseconds. */
  readonly nothingOwedFromMs: number;
}

/** What is told of a state that was just made durable. */
export function committedEvent(state: DeliveryState, { accountedFor, nothingOwedFromMs }: Told): PipelineEvent {
  return {
    kind: 'committed',
    owedFromMs: state.owed.fromMs ?? nothingOwedFromMs,
    accountedFor,
    ledgerEvents: state.ledger.size,
    provenToMs: provenToMs(state),
  };
}

/** Of what counts have agreed on, a part may be in dispute, or known to be missing by now. */
function provenToMs({ checkpoint: { agreed }, repairGaps }: DeliveryState): number | undefined {
  if (agreed === undefined) return undefined;
  const missing = repairGaps.filter(({ toMs }) => toMs > agreed.fromMs);
  return Math.min(agreed.toMs, ...[...agreed.disputed, ...missing].map(({ fromMs }) => fromMs));
}
