/**
 * Both simulators in a process of their own, told what to do over the channel to the process that started it, whose end
 * it does not survive. The first argument is a `SimulatorsOptions` as JSON.
 */
import { startSimulators, type SimulatorsOptions } from '../../../src/simulators/serve.js';
import { drawUpChaosAccount } from './chaos-account.js';
import type { Answer, Question } from './question.js';

// Ctrl-C reaches every process of the terminal; this one is ended by the one that started it.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

const simulators = await startSimulators(JSON.parse(process.argv[2] ?? '{}') as SimulatorsOptions);

async function answer(question: Question): Promise<Answer[Question['ask']]> {
  switch (question.ask) {
    case 'addresses':
      return {
        ...{ jumpcloudPort: simulators.jumpcloud.port, intakePort: simulators.sekoia.port },
        ...{ apiKey: simulators.apiKey, intakeKey: simulators.intakeKey },
      };
    case 'account':
      return drawUpChaosAccount(simulators, question.dataPath);
    case 'requests':
      return simulators.jumpcloud.stats.requests;
    case 'end live events':
      simulators.endLiveEvents();
      return 'done';
    case 'add an event':
      simulators.jumpcloud.add({ ...simulators.generator.next(Date.now()), visibleAtMs: Date.now() });
      return 'done';
  }
}

process.on('message', ({ number, question }: { number: number; question: Question }) => {
  answer(question).then(
    (value) => process.send?.({ number, value }),
    (thrown: unknown) => process.send?.({ number, failure: String(thrown) }),
  );
});
process.send?.({ number: 0, value: 'ready' });
