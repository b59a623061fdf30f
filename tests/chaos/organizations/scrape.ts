/** How far organizations are behind, seconds. */
export interface Lags {
  readonly meanLag: number;
  readonly worstLag: number;
  /** Organizations whose last cycle failed. */
  readonly failing?: number;
}

/** The metrics of a connector as text; nothing before it serves them. */
export async function scrape(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  return answer?.text() ?? '';
}

/** @param skip names of organizations that do not count */
export function lagsOf(text: string, skip: readonly string[]): Lags {
  const [lags, failures] = [valuesOf(text, 'lag_seconds', skip), valuesOf(text, 'failing', skip)];
  const sum = lags.reduce((total, lag) => total + lag, 0);
  return {
    meanLag: sum / Math.max(1, lags.length),
    worstLag: Math.max(0, ...lags),
    failing: failures.filter((value) => value === 1).length,
  };
}

function valuesOf(text: string, what: string, skip: readonly string[]): number[] {
  const line = new RegExp(`^symphony_module_jumpcloud_organization_${what}\\{organization="([^"]*)"\\} (\\S+)$`, 'gm');
  return [...text.matchAll(line)].filter(([, name = '']) => !skip.includes(name)).map(([, , value]) => Number(value));
}
