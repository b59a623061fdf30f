import type { SimulatedAnswer, WireBehaviour } from '../http/exchange.js';
import { refusal } from '../http/exchange.js';
import type { FaultEffect, StatusEffect } from './fault-scenario.js';

const HTML =
  '<!DOCTYPE html><html><head><title>Gateway</title></head><body><h1>Something went wrong</h1></body></html>';

/**
 * Answers a request with the faults that were decided for it. A fault that stands in for the service (a status, an
 * empty or HTML 200, a stall, a reset before processing) keeps `process` from being called at all. `commonHeaders` are
 * sent with every answer, whoever gave it, and may be lost or disfigured like the others.
 */
export function answerWithFaults(
  effects: readonly FaultEffect[],
  process: () => SimulatedAnswer,
  commonHeaders: SimulatedAnswer['headers'] = [],
): SimulatedAnswer {
  const substitute = effects.map(substituteFor).find((answer) => answer !== undefined);
  const answer = substitute ?? process();
  return effects.reduce(distort, { ...answer, headers: [...answer.headers, ...commonHeaders] });
}

function substituteFor(effect: FaultEffect): SimulatedAnswer | undefined {
  switch (effect.kind) {
    case 'status':
      return statusAnswer(effect);
    case 'empty_200':
      return { status: 200, headers: [['Content-Type', 'application/json']], body: Buffer.alloc(0) };
    case 'html_200':
      return htmlAnswer(200);
    case 'stall':
      return { ...refusal(504, 'stalled'), wire: { stall: true } };
    case 'reset':
      return effect.point === 'before_processing'
        ? { ...refusal(503, 'connection reset'), wire: { reset: 'before-answer' } }
        : undefined;
    default:
      return undefined;
  }
}

function statusAnswer({ status, body = 'json', message, retry_after: retryAfter }: StatusEffect): SimulatedAnswer {
  const plain =
    body === 'html'
      ? htmlAnswer(status)
      : body === 'empty'
        ? { status, headers: [], body: Buffer.alloc(0) }
        : refusal(status, message ?? `injected fault ${status}`);
  if (retryAfter === undefined) return plain;
  return { ...plain, headers: [...plain.headers, ['Retry-After', String(retryAfter)]] };
}

function htmlAnswer(status: number): SimulatedAnswer {
  return { status, headers: [['Content-Type', 'text/html; charset=utf-8']], body: Buffer.from(HTML) };
}

function distort(answer: SimulatedAnswer, effect: FaultEffect): SimulatedAnswer {
  const { headers, body } = answer;
  switch (effect.kind) {
    case 'delay':
      return onWire(answer, { delayMs: (answer.wire?.delayMs ?? 0) + effect.delay_ms });
    case 'slow_body':
      return onWire(answer, { bytesPerSecond: effect.bytes_per_second });
    case 'truncated_body':
      // With an honest length, nothing but the body itself tells that something is missing.
      return effect.honest_length === true
        ? { ...answer, body: body.subarray(0, Math.floor(body.byteLength * effect.keep_share)) }
        : onWire(answer, { keepShare: effect.keep_share });
    case 'reset':
      if (effect.point === 'before_processing') return answer;
      return onWire(answer, { reset: effect.point === 'in_body' ? 'in-body' : 'before-answer' });
    case 'missing_headers': {
      const missing = new Set(effect.headers.map((name) => name.toLowerCase()));
      return { ...answer, headers: headers.filter(([name]) => !missing.has(name.toLowerCase())) };
    }
    case 'header_case':
      return {
        ...answer,
        headers: headers.map(([name, value]) => [
          effect.style === 'lower' ? name.toLowerCase() : name.toUpperCase(),
          value,
        ]),
      };
    default:
      return answer;
  }
}

function onWire(answer: SimulatedAnswer, behaviour: WireBehaviour): SimulatedAnswer {
  return { ...answer, wire: { ...answer.wire, ...behaviour } };
}
