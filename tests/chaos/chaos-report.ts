import { table } from './table.js';
import { explainedDuplicates, findings, type Outcome } from './verdict.js';

/** A run of chaos for a person. */
export function chaosReport(outcome: Outcome, logLevels: Readonly<Record<string, number>>): string {
  const { account, deeds, lostAnswers, healthyAfterMs } = outcome;
  const found = findings(outcome);
  const rows = [
    ['held by the API', account.held],
    ['delivered', account.delivered],
    ['in the dead letter only', account.deadLettered],
    ['lost', account.lost],
    ['unknown', account.unknown],
    ['duplicated', account.duplicated],
    ['  explained at most', explainedDuplicates(outcome)],
    ['hard ends', deeds.hardEnds],
    ['answers of the intake perhaps lost', lostAnswers],
    ['calm stops with status 0', deeds.calmStops],
    ['starts refused by a full disk', deeds.refusedStarts],
    ['longest stop', `${(deeds.longestStopMs / 1000).toFixed(1)} s`],
    ['healthy after', healthyAfterMs === undefined ? 'never' : `${(healthyAfterMs / 1000).toFixed(1)} s`],
    ['requests to the API', account.apiRequests],
    ['requests to the intake', account.intakeRequests],
  ] as const;
  return [
    '\nIncidents',
    table(Object.entries(deeds.incidents)),
    "\nThe connector's log, lines by level",
    table(Object.entries(logLevels)),
    '\nOutcome',
    table(rows),
    found.length === 0 ? '\nAll is well.\n' : `\nFOUND:\n${found.map((text) => `  ${text}\n`).join('')}`,
  ].join('\n');
}
