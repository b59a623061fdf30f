/** One line on what an event is about, for a person: `sso_auth  t.moreira  failed  from 198.51.100.203`. */
export function eventLine(text: string): string {
  const event = asObject(JSON.parse(text));
  const actor = asObject(event['initiated_by']);
  const who = firstText(actor['username'], actor['email'], event['username']);
  const what = firstText(asObject(event['application'])['name'], asObject(event['resource'])['username']);
  const where = firstText(asObject(event['system'])['displayName'], asObject(event['system'])['hostname']);
  const succeeded = event['success'] ?? event['sso_token_success'];
  const parts = [
    firstText(event['event_type']) ?? 'event',
    who,
    what === undefined ? undefined : `→ ${what}`,
    where === undefined ? undefined : `on ${where}`,
    succeeded === false ? 'FAILED' : undefined,
    firstText(event['client_ip']) === undefined ? undefined : `from ${firstText(event['client_ip']) ?? ''}`,
  ];
  return parts.filter((part) => part !== undefined).join('  ');
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function firstText(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '');
}
