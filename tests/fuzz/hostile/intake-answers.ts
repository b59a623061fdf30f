import { IntakeDestination } from '../../../src/sdk/intake/intake-destination.js';
import { EventList } from '../../../src/sdk/pipeline/event-list.js';
import type { HttpRequest, HttpTransport } from '../../../src/sdk/ports.js';
import type { SeededRandom } from '../../../src/simulators/random.js';
import { mutateJson } from './mutate.js';
import { answerOf, faultOf, hurriedClock, type Target } from './target.js';

/** Then the intake refuses everything, so that a case ends. */
const MOST_HOSTILE_ANSWERS = 40;

/** What the intake answers to a batch. */
export const intakeAnswers: Target = {
  name: 'an answer of the intake',
  async attack(random) {
    const count = 1 + random.below(8);
    const heard: { readonly isYes: boolean }[] = [];
    const clock = hurriedClock();
    const transport: HttpTransport = {
      request: (request) => {
        const answer = heard.length < MOST_HOSTILE_ANSWERS ? drawAnswer(request, random) : REFUSAL;
        heard.push({ isYes: mayBeYes(answer.status, answer.body) });
        if (random.chance(0.02)) return Promise.reject(new Error('socket hang up'));
        return Promise.resolve(answerOf(answer, random));
      },
    };
    const destination = new IntakeDestination({
      ...{ url: 'https://intake.test', intakeKey: 'synthetic-intake-key', userAgent: 'fuzz', maxEvents: 100 },
      ...{ retryForMs: random.pick([0, 5_000, 60_000]), transport, clock, random: () => random.fraction() },
    });
    const batch = destination.createBatch();
    const events = Array.from({ length: count }, (_, n) => ({
      ...{ bytes: Buffer.from(`{"id":"${n}"}`), id: String(n), timestampMs: undefined },
    }));
    for (const event of events) batch.add(new EventList([event]), 0, 1);
    batch.copyAdded();
    const { signal } = new AbortController();
    const { rejections, unsettled, failure } = await destination.deliver(batch, { requested: signal, forced: signal });

    const told = [...rejections.map(({ index }) => index), ...unsettled];
    if (new Set(told).size !== told.length) return 'an event has two outcomes';
    if (told.some((index) => !Number.isInteger(index) || index < 0 || index >= count)) return 'an outcome of no event';
    if (unsettled.length > 0 && failure === undefined) return 'events are unsettled without a failure';
    if (told.length < count && !heard.some(({ isYes }) => isYes)) return 'events are acknowledged by nobody';
    if (rejections.some(({ reason }) => typeof reason !== 'string')) return 'a rejection without a reason in words';
    return failure === undefined ? undefined : faultOf(failure, /^DESTINATION_/);
  },
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const REFUSAL: Answer = { status: 401, headers: {}, body: Buffer.from('{"message":"no"}') };

function drawAnswer(request: HttpRequest, random: SeededRandom): Answer {
  const body = Buffer.from(request.body ?? '').toString('utf8');
  const { jsons = [] } = JSON.parse(body) as { jsons?: unknown[] };
  const ids = jsons.map((_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);
  const honest = random.pick([
    { event_ids: ids },
    { event_ids: ids.map((id, n) => (n % 3 === 2 ? null : id)) },
    { statuses: ids.map((_, n) => ({ index: n, status: n % 2 === 0 ? 200 : 400, error: 'bad' })) },
    { results: ids.map((_, n) => (n % 2 === 0 ? 'accepted' : 'rejected')) },
    { message: 'event cannot be parsed', errors: [{ index: 0, message: 'bad' }] },
    ids,
  ]);
  const status = random.chance(0.7)
    ? 200
    : random.pick([201, 204, 301, 400, 401, 403, 404, 413, 422, 429, 500, 503, 999]);
  const text = random.chance(0.3) ? Buffer.from(JSON.stringify(honest)) : mutateJson(honest, random);
  return {
    status,
    headers: { 'content-type': 'application/json', 'retry-after': random.pick(['1', 'x', '1e99']) },
    body: text,
  };
}

/** Whether an answer may acknowledge anything: by no other means than being JSON with a list in it. */
function mayBeYes(status: number, body: Uint8Array): boolean {
  if (status < 200 || status > 299) return false;
  try {
    return JSON.stringify(JSON.parse(Buffer.from(body).toString('utf8'))).includes('[');
  } catch {
    return false;
  }
}
