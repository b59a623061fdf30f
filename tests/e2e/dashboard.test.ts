import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { metricName, METRICS } from '../../src/sdk/observability/metric-definitions.js';
import type { FaultScenario } from '../../src/simulators/faults/fault-scenario.js';
import { startSimulators, type Simulators } from '../../src/simulators/serve.js';
import { startProgram, type RunningProgram } from '../support/built-program.js';
import { connectorEnvironment } from '../support/connector-environment.js';
import { freePort } from '../support/free-port.js';
import { type MetricFamily, readExposition } from '../support/prometheus-text.js';
import { readPromql } from '../support/promql.js';
import { temporaryDirectories } from '../support/temporary-directory.js';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

const COMMAND = 'JumpcloudDirectoryInsightsConnector';
/** What Prometheus itself puts on every series. */
const TARGET_LABELS = ['job', 'instance'];
const TROUBLE: FaultScenario = {
  version: 1,
  faults: [
    {
      name: 'busy',
      side: 'jumpcloud',
      when: { endpoints: ['/events'], every_requests: 3 },
      effect: { kind: 'status', status: 500 },
    },
  ],
};

const dashboard = JSON.parse(readFileSync('deploy/grafana-dashboard.json', 'utf8')) as Dashboard;
const charts = dashboard.panels.filter(({ type }) => type !== 'row');
const newDirectory = temporaryDirectories();
const worlds: Simulators[] = [];
const programs: RunningProgram[] = [];
const texts: string[] = [];
/** All families of the connectors, each with the names of its labels. */
const labelsOf = new Map<string, Set<string>>();

/** Starts a connector in a world of its own. @returns where its metrics are */
async function startConnector(kind: 'well' | 'ill' | 'with organizations'): Promise<string> {
  const world = await startSimulators({
    ...{ events: 400, days: 1 / 48, liveEventsPerSecond: 20, scenario: TROUBLE },
    generator: { oversizedShare: 0.03 },
  });
  worlds.push(world);
  const port = await freePort();
  const environment = connectorEnvironment(world, newDirectory(), {
    module: kind === 'ill' ? { apikey: 'no-such-key-00000000' } : {},
    arguments: {
      // How late events are is taken down of a tail that is up to date to three cycles, also on a busy machine.
      ...{ start_from: '45m', frequency: 5, reconcile_every: '10s', page_size: 50, requests_per_second: 5 },
      ...(kind === 'with organizations' && { organizations: 'one,other' }),
    },
  });
  const ports = { METRICS_PORT: String(port), LISTEN_HOST: '127.0.0.1' };
  programs.push(startProgram('main.js', [COMMAND], { ...environment, ...ports }));
  return `http://127.0.0.1:${port}/metrics`;
}

/** Asks again until the exposition contains all of it. */
async function scrapeUntil(url: string, wanted: readonly string[]): Promise<string> {
  for (let text = ''; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    text = await fetch(url).then(
      (answer) => answer.text(),
      () => '',
    );
    if (wanted.every((name) => new RegExp(`^symphony_module_${name}.* [1-9]`, 'm').test(text))) return text;
  }
}

beforeAll(async () => {
  const [well, ill] = [await startConnector('well'), await startConnector('ill')];
  const many = await startConnector('with organizations');
  const ofAll = ['counts_agree', 'event_lateness_seconds_count', 'retries_total', 'rate_limit_waits_total'];
  const names = [...ofAll, 'dead_letters_total', 'proven_complete_age', 'intake_request_seconds_count'];
  texts.push(
    await scrapeUntil(
      well,
      names.map((name) => `jumpcloud_${name}`),
    ),
  );
  texts.push(await scrapeUntil(ill, ['jumpcloud_failed_cycles_total']));
  texts.push(await scrapeUntil(many, ['jumpcloud_organization_lag_seconds']));
  for (const text of texts) {
    for (const { samples } of readExposition(text).values()) {
      for (const { name, labels } of samples) {
        const known = labelsOf.get(name) ?? new Set();
        labelsOf.set(name, new Set([...known, ...Object.keys(labels)]));
      }
    }
  }
}, 60_000);

afterAll(async () => {
  for (const { child } of programs) child.kill('SIGKILL');
  await Promise.all(programs.map(({ ended }) => ended));
  await Promise.all(worlds.map((world) => world.close()));
});

describe('the exposition of a connector that runs', () => {
  it('is one to a strict reader, with every metric that is defined', () => {
    for (const text of texts) {
      const families = readExposition(text);
      const told = Array.from(families, ([name, { type, help }]) => [name, type, help]);
      const defined = Object.values(METRICS).map((definition) => [
        metricName(definition, 'jumpcloud'),
        definition.type,
        definition.help,
      ]);
      expect(told.sort()).toEqual(defined.sort());
    }
  });

  it('has the labels that are defined, and no other', () => {
    const families: readonly ReadonlyMap<string, MetricFamily>[] = texts.map(readExposition);
    for (const definition of Object.values(METRICS)) {
      const name = metricName(definition, 'jumpcloud');
      const samples = families.flatMap((of) => of.get(name)?.samples ?? []);
      expect([name, samples.length > 0]).toEqual([name, true]);
      for (const { labels } of samples) {
        const own = Object.keys(labels).filter((label) => label !== 'le');
        expect([name, ...own.sort()]).toEqual([name, ...[...definition.labels].sort()]);
      }
    }
  });

  it('holds no key', () => {
    for (const world of worlds)
      for (const text of texts) for (const key of [world.apiKey, world.intakeKey]) expect(text).not.toContain(key);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  (promtool ? it : it.skip)('pleases promtool, where it is installed', () => {
    for (const input of texts) {
      const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
      // Advice on names (status 3): these are what dashboards of the platform ask for.
      const advice = stderr.split('\n').filter((line) => !/^(symphony_module_common_|$)/.test(line));
      expect([status === 0 || status === 3, advice, stdout]).toEqual([true, [], '']);
    }
  });

  it('is read strictly', () => {
    const [text = ''] = texts;
    expect(() => readExposition(text.slice(0, -1))).toThrow('The last line does not end');
    expect(() => readExposition(`${text}# TYPE x counter\n`)).toThrow('A type without its help');
    expect(() => readExposition(`# HELP a b\n# TYPE a counter\na{b="c" 1\n`)).toThrow('No sample');
    expect(() => readExposition(`# HELP a b\n# TYPE a counter\na 1\na 2\n`)).toThrow('A sample twice');
    expect(() => readExposition(`# HELP a b\n# TYPE a counter\nb 1\n`)).toThrow('A sample of another family');
    expect(() => readExposition(text.replace(/(_bucket\{le="\+Inf",.*\}) \d+/, '$1 0.5'))).toThrow('is no histogram');
  });
});

describe('the dashboard', () => {
  const expressions = charts.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));

  it.each(expressions)('asks for what is there: %s', (_, expression) => {
    const { selectors, grouping } = readPromql(expression.replaceAll('$__rate_interval', '5m'));
    expect(selectors.length).toBeGreaterThan(0);
    for (const { name, labels } of selectors) {
      const known = labelsOf.get(name);
      expect([name, known !== undefined]).toEqual([name, true]);
      for (const label of labels) expect([...(known ?? []), ...TARGET_LABELS]).toContain(label);
    }
    const all = selectors.flatMap(({ name }) => [...(labelsOf.get(name) ?? [])]);
    for (const label of grouping) expect([...all, ...TARGET_LABELS]).toContain(label);
  });

  it.each(charts)('names what its lines are grouped by: $title', ({ targets = [] }) => {
    for (const { expr, legendFormat } of targets) {
      const { grouping } = readPromql(expr.replaceAll('$__rate_interval', '5m'));
      const named = Array.from(legendFormat.matchAll(/\{\{(\w+)\}\}/g), ([, label]) => label);
      expect(named.toSorted()).toEqual(grouping.filter((label) => label !== 'le').toSorted());
    }
  });

  it('has variables that ask for what is there', () => {
    const queries = dashboard.templating.list.flatMap(({ query }) => /^label_values\((.+), (\w+)\)$/.exec(query) ?? []);
    expect(queries).toHaveLength(6);
    for (const query of [queries[1], queries[4]])
      for (const { name } of readPromql(query ?? '').selectors) expect([...labelsOf.keys()]).toContain(name);
  });

  it('shows every metric, but for the second name of one and the number of what is shown as a time', () => {
    const shown = expressions.flatMap(([, expression]) =>
      readPromql(expression.replaceAll('$__rate_interval', '5m')).selectors.map(({ name }) =>
        name.replace(/_(bucket|sum|count)$/, ''),
      ),
    );
    const unshown: readonly object[] = [METRICS.cycleAgain, METRICS.heldBack];
    for (const definition of Object.values(METRICS).filter((metric) => !unshown.includes(metric)))
      expect(shown).toContain(metricName(definition, 'jumpcloud'));
  });

  it('has panels that do not lie on one another', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('would fail for a metric that there is not, a label that there is not and an expression that is none', () => {
    expect(labelsOf.has('symphony_module_jumpcloud_batches')).toBe(false);
    expect(labelsOf.get('symphony_module_jumpcloud_batches_total')).toEqual(new Set(['lane']));
    expect(() => readPromql('sum by (a (b)')).toThrow('No expression at character');
    expect(readPromql('sum by (a) (rate(b{c="d"}[5m]))')).toEqual({
      selectors: [{ name: 'b', labels: ['c'] }],
      grouping: ['a'],
    });
  });
});
