import { DirectoryInsightsClient } from '../../src/jumpcloud/api/client.js';
import { DirectoryInsightsSource } from '../../src/jumpcloud/event-source.js';
import { DeliveryState } from '../../src/sdk/checkpoint/delivery-state.js';
import { DeadLetter } from '../../src/sdk/dead-letter/dead-letter.js';
import { RateLimiter } from '../../src/sdk/http/rate-limiter.js';
import { ServerClock } from '../../src/sdk/http/server-clock.js';
import { IntakeBatch } from '../../src/sdk/intake/intake-batch.js';
import { IntakeDestination } from '../../src/sdk/intake/intake-destination.js';
import { Narrowing } from '../../src/sdk/intake/narrowing.js';
import { Ledger } from '../../src/sdk/ledger/ledger.js';
import { LedgerStore } from '../../src/sdk/ledger/ledger-store.js';
import { EventList } from '../../src/sdk/pipeline/event-list.js';
import { UnderWay } from '../../src/sdk/pipeline/under-way.js';
import type { HttpResponse } from '../../src/sdk/ports.js';
import type { Storage } from '../../src/sdk/storage/storage.js';
import type { Variant } from './world.js';
import { INTAKE_HOST } from './wire.js';

/*
 * Connectors that are broken on purpose, each in one way that a programmer might break it. All of it is done from
 * outside, by wrapping ports and replacing methods: the product has no hook for it. What the simulation does not catch
 * here, it does not watch.
 */

/** The variants that a connector can be caught with today. */
export const VARIANTS: readonly Variant[] = [
  {
    name: 'commits-before-acknowledgement',
    patch: () =>
      replace(
        IntakeDestination.prototype,
        'deliver',
        (deliver) =>
          async function (batch, signals) {
            void deliver.call(this, batch, signals);
            return { rejections: [], unsettled: [] };
          },
      ),
  },
  {
    name: 'takes-a-failed-delivery-for-a-success',
    patch: () =>
      replace(
        IntakeDestination.prototype,
        'deliver',
        (deliver) =>
          async function (batch, signals) {
            const { rejections } = await deliver.call(this, batch, signals);
            return { rejections, unsettled: [] };
          },
      ),
  },
  {
    name: 'takes-a-lost-answer-for-an-acknowledgement',
    transport: (transport) => ({
      request: (request) =>
        transport.request(request).catch((error: unknown) => {
          if (!request.url.includes(INTAKE_HOST)) throw error;
          const { jsons } = JSON.parse(Buffer.from(request.body ?? '').toString()) as { jsons: string[] };
          return textResponse(JSON.stringify({ event_ids: jsons.map((_, n) => `id${n}`) }));
        }),
    }),
  },
  {
    name: 'ignores-the-status-of-an-event',
    patch: () =>
      replace(
        IntakeDestination.prototype,
        'deliver',
        (deliver) =>
          async function (batch, signals) {
            return { ...(await deliver.call(this, batch, signals)), rejections: [] };
          },
      ),
  },
  {
    name: 'rounds-the-edge-up-to-the-next-second',
    patch: () =>
      replace(
        DeliveryState.prototype,
        'commit',
        (commit) =>
          function (progress) {
            const { settled } = progress;
            const rounded = settled && { ...settled, toMs: Math.ceil(settled.toMs / 1000) * 1000 };
            return commit.call(this, { ...progress, settled: rounded });
          },
      ),
  },
  {
    name: 'does-not-look-back',
    patch: () =>
      replaceGetter(DeliveryState.prototype, 'readableFromMs', function () {
        return this.owed.fromMs ?? 0;
      }),
  },
  {
    name: 'takes-what-is-left-to-the-look-back-for-looked-at',
    patch: () =>
      replace(
        DeliveryState.prototype,
        'commit',
        (commit) =>
          function ({ settled, ...progress }) {
            return commit.call(this, { ...progress, settled: settled && { ...settled, looksBack: true } });
          },
      ),
  },
  { name: 'writes-the-checkpoint-before-the-ledger', storage: ledgerLast },
  {
    name: 'does-not-wait-for-a-commit',
    patch: () =>
      replace(
        DeliveryState.prototype,
        'commit',
        (commit) =>
          async function (progress) {
            void commit.call(this, progress).catch(() => undefined);
          },
      ),
  },
  {
    name: 'does-not-consult-the-ledger',
    patch: () =>
      replace(
        Ledger.prototype,
        'firstKnown',
        () =>
          ({ length }) =>
            length,
      ),
  },
  {
    name: 'forgets-ids-too-early',
    patch: () =>
      replace(
        LedgerStore.prototype,
        'prune',
        (prune) =>
          function ({ fromMs, also }) {
            return prune.call(this, { fromMs: fromMs + 600_000, also });
          },
      ),
  },
  {
    name: 'forgets-ids-of-hours-that-a-backfill-reads',
    patch: () =>
      replace(
        LedgerStore.prototype,
        'prune',
        (prune) =>
          function ({ fromMs }) {
            return prune.call(this, { fromMs, also: [] });
          },
      ),
  },
  {
    name: 'does-not-write-the-dead-letter',
    patch: () => replace(DeadLetter.prototype, 'write', () => async () => []),
  },
  {
    name: 'overwrites-the-dead-letter',
    storage: (storage) => ({
      ...storage,
      list: async (folder) => (folder === 'dead-letter' ? [] : storage.list(folder)),
    }),
  },
  {
    name: 'writes-good-events-off-in-an-outage',
    patch: () =>
      replace(
        Narrowing.prototype,
        'next',
        (next) =>
          function () {
            this.trustDestination();
            return next.call(this);
          },
      ),
  },
  {
    name: 'ignores-a-failed-write-of-state',
    storage: (storage) => ({
      ...storage,
      write: (name, content) => storage.write(name, content).catch(() => undefined),
    }),
  },
  {
    name: 'takes-a-short-page-for-the-last',
    patch: () => replaceLimit((asked) => asked),
  },
  {
    name: 'does-not-follow-the-token',
    patch: () => replaceLimit(() => 1_000_000),
  },
  {
    name: 'asks-for-fewer-rows-in-mid-query',
    patch: () =>
      replace(
        DirectoryInsightsClient.prototype,
        'openPage',
        (openPage) =>
          async function (selection, page, signal) {
            const rows = page.searchAfter === undefined ? page.limit : Math.ceil(page.limit / 2);
            return openPage.call(this, selection, { ...page, limit: rows }, signal);
          },
      ),
  },
  {
    name: 'believes-its-own-clock',
    patch: () => replace(ServerClock.prototype, 'observe', () => () => undefined),
  },
  {
    name: 'ignores-retry-after',
    transport: (transport) => ({
      request: async (request) => {
        const response = await transport.request(request);
        return { ...response, headers: without(response.headers, 'retry-after') };
      },
    }),
  },
  {
    name: 'ignores-the-rate-limit',
    patch: () => replace(RateLimiter.prototype, 'admit', () => async () => undefined),
  },
  {
    name: 'renders-events-anew',
    patch: () =>
      replace(
        IntakeBatch.prototype,
        'add',
        (add) =>
          function (events, from, to) {
            const anew = Array.from({ length: to - from }, (_, n) => {
              const event = events.at(from + n);
              return { ...event, bytes: Buffer.from(JSON.stringify(JSON.parse(Buffer.from(event.bytes).toString()))) };
            });
            return add.call(this, new EventList(anew), 0, to - from);
          },
      ),
  },
  {
    name: 'takes-late-events-for-seen',
    patch: () => {
      const newest = new WeakMap<Ledger, number>();
      const forget = replace(
        Ledger.prototype,
        'addAll',
        (addAll) =>
          function (entries) {
            for (const { bucket } of entries) newest.set(this, Math.max(newest.get(this) ?? 0, bucket));
            return addAll.call(this, entries);
          },
      );
      const restore = replace(
        Ledger.prototype,
        'firstKnown',
        (firstKnown) =>
          function (keys, from) {
            const known = firstKnown.call(this, keys, from);
            const old = [...keys].findIndex(
              ({ bucket }, index) => index >= from && bucket >= 0 && bucket < (newest.get(this) ?? 0),
            );
            return old < 0 ? known : Math.min(old, known);
          },
      );
      return () => {
        restore();
        forget();
      };
    },
  },
  {
    name: 'settles-what-the-api-had-not-reached',
    patch: () =>
      replace(
        DirectoryInsightsSource.prototype,
        'read',
        (read) =>
          async function* (window, signal) {
            yield* read.call(this, window, signal);
            return window.toMs + 5000;
          },
      ),
  },
];

/** Variants broken in how counts are compared, gaps are mended and lanes go together: only `--reconciliation` looks there. */
export const RECONCILIATION_VARIANTS: readonly Variant[] = [
  {
    name: 'does-not-compare-counts',
    patch: () =>
      replace(DirectoryInsightsSource.prototype, 'count', () => () => Promise.reject(new Error('not asked'))),
  },
  {
    name: 'believes-any-count-equal',
    patch: (world) =>
      replace(
        DirectoryInsightsSource.prototype,
        'count',
        () =>
          async ({ fromMs, toMs }) =>
            world.settledBetween(fromMs, toMs),
      ),
  },
  {
    name: 'counts-only-the-first-half',
    patch: (world) =>
      replace(
        DirectoryInsightsSource.prototype,
        'count',
        (count) =>
          async function ({ fromMs, toMs }, signal) {
            const middleMs = Math.floor((fromMs + toMs) / 2);
            const counted = await count.call(this, { fromMs, toMs: middleMs }, signal);
            return counted + world.settledBetween(middleMs + 1, toMs);
          },
      ),
  },
  {
    name: 'sends-what-the-other-lane-has-under-way',
    patch: () =>
      replace(
        UnderWay.prototype,
        'claim',
        () =>
          function (batch, keys, from, to) {
            for (let index = from; index < to; index += 1) this.give(batch, keys.at(index));
            return to;
          },
      ),
  },
];

/** @throws Error naming the known ones */
export function variantNamed(name: string): Variant {
  const known = [...VARIANTS, ...RECONCILIATION_VARIANTS];
  const variant = known.find((one) => one.name === name);
  if (variant === undefined)
    throw new Error(`No variant '${name}'; there are ${known.map((one) => one.name).join(', ')}`);
  return variant;
}

/** Segments reach storage only once the document that should follow them has. */
function ledgerLast(storage: Storage): Storage {
  const waiting = new Map<string, Uint8Array>();
  return {
    ...storage,
    write: async (name, content) => {
      if (name.startsWith('ledger/')) {
        waiting.set(name, content.slice());
        return;
      }
      await storage.write(name, content);
      if (name !== 'context.json') return;
      for (const [segment, keys] of waiting) await storage.write(segment, keys);
      waiting.clear();
    },
  };
}

function textResponse(text: string): HttpResponse {
  return {
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from(text);
    })(),
  };
}

function without(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

type Method<Target, Name extends keyof Target> = Target[Name] extends (...args: infer Args) => infer Result
  ? (this: Target, ...args: Args) => Result
  : never;

/** Replaces a method of a class. @returns what puts it back */
function replace<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  make: (original: Method<Target, Name>) => Method<Target, Name>,
): () => void {
  const original = target[name] as Method<Target, Name>;
  target[name] = make(original) as Target[Name];
  return () => (target[name] = original as Target[Name]);
}

/** Lies to the source about the limit that the API applied. */
function replaceLimit(limitOf: (asked: number) => number): () => void {
  return replace(
    DirectoryInsightsClient.prototype,
    'openPage',
    (openPage) =>
      async function (selection, page, signal) {
        const opened = await openPage.call(this, selection, page, signal);
        return { ...opened, headers: { ...opened.headers, limit: limitOf(page.limit) } };
      },
  );
}

function replaceGetter<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  get: (this: Target) => Target[Name],
): () => void {
  const original = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, get });
  return () => {
    if (original !== undefined) Object.defineProperty(target, name, original);
  };
}
