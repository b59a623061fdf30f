import type { HarnessWorld } from '../../src/harness/world.js';
import { fakeWorld, type FakeWorld } from './fake-world.js';
import { RecordingStream } from './recording-stream.js';
import { scriptedTrigger } from './scripted-trigger.js';

export type FakeHarness = FakeWorld & HarnessWorld & { readonly stdout: RecordingStream };

const PACKAGE = {
  '/package/manifest.json': '{"name":"Scripted","configuration":{"$ref":"schemas/account.schema.json"}}',
  '/package/schemas/account.schema.json': '{"type":"object","required":["key"]}',
  '/package/triggers/scripted-trigger.json':
    '{"name":"Scripted Connector","docker_parameters":"ScriptedTrigger","arguments":{"$ref":"../schemas/account.schema.json"}}',
};

/** The runner's world with the scripted trigger in it, working in `/work`. */
export function fakeHarness(
  given: {
    files?: Readonly<Record<string, string>>;
    environment?: Readonly<Record<string, string>>;
    triggers?: HarnessWorld['triggers'];
    terminal?: boolean;
    ask?: HarnessWorld['ask'];
  } = {},
): FakeHarness {
  const { files, environment, triggers = [scriptedTrigger()], terminal = false, ask } = given;
  const world = fakeWorld({ files: { ...PACKAGE, ...files }, ...(environment && { environment }) });
  return Object.assign(world, {
    stdout: Object.assign(new RecordingStream(), { isTTY: terminal }),
    workingDirectory: '/work',
    packageDirectory: '/package',
    runnerDirectory: '/runner',
    version: '1.2.3',
    triggers,
    ...(ask && { ask }),
  });
}
