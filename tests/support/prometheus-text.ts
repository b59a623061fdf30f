/** One family of an exposition. */
export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? (\\S+)$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/**
 * Reads Prometheus' text format (version 0.0.4) as strictly as it is written down: each family has its help, then its type,
 * then its samples, all together; no sample is there twice; a histogram is one.
 * @throws Error naming the first line that is wrong
 */
export function readExposition(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, comment, named = '', rest = ''] = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line) ?? [];
    const family = families.get(comment === undefined ? current : named);
    if (line === '') continue;
    if (comment === 'HELP') {
      if (family !== undefined) fail('A family twice');
      families.set(named, { type: '', help: rest, samples: [] });
      current = named;
    } else if (comment === 'TYPE') {
      if (family?.type !== '' || named !== current) fail('A type without its help');
      if (SUFFIXES[rest] === undefined) fail('An unknown type');
      families.set(named, { type: rest, help: families.get(named)?.help ?? '', samples: [] });
    } else {
      const [, name, labelText = '', value = ''] = SAMPLE.exec(line) ?? fail('No sample');
      const suffixes = SUFFIXES[family?.type ?? ''] ?? fail('A sample without a family');
      if (!suffixes.some((suffix) => name === `${current}${suffix}`)) fail('A sample of another family');
      const labels = readLabels(labelText, fail);
      const key = `${name ?? ''}${JSON.stringify(Object.entries(labels).sort())}`;
      if (seen.has(key)) fail('A sample twice');
      seen.add(key);
      family?.samples.push({ name: name ?? '', labels, value: readValue(value, fail) });
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function readLabels(text: string, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    if (Object.hasOwn(labels, name)) fail('A label twice');
    labels[name] = value.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
  }
  return labels;
}

function readValue(text: string, fail: (why: string) => never): number {
  if (text === '+Inf') return Infinity;
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) fail('No number');
  return Number(text);
}

/** Each series of it has steps that ascend up to infinity, counts that do, and a sum. */
function checkHistogram(name: string, { samples }: MetricFamily): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify(Object.entries({ ...sample.labels, le: '' }).sort());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, all] of series) {
    const steps = all.filter((sample) => sample.name.endsWith('_bucket'));
    const ends = steps.map(({ labels: { le = '' } }) => (le === '+Inf' ? Infinity : Number(le)));
    const counts = steps.map(({ value }) => value);
    const [count] = all.filter((sample) => sample.name.endsWith('_count'));
    const isSound =
      ends.at(-1) === Infinity &&
      ends.every((end, at) => at === 0 || end > (ends[at - 1] ?? NaN)) &&
      counts.every((value, at) => at === 0 || value >= (counts[at - 1] ?? NaN)) &&
      count?.value === counts.at(-1) &&
      all.some((sample) => sample.name.endsWith('_sum'));
    if (!isSound) throw new Error(`${name} is no histogram where ${key}`);
  }
}
