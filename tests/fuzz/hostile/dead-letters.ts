import { DeadLetter } from '../../../src/sdk/dead-letter/dead-letter.js';
import { DeadLetterArchive } from '../../../src/sdk/dead-letter/dead-letter-archive.js';
import { encodeRecord, recordOf } from '../../../src/sdk/dead-letter/dead-letter-record.js';
import { createMemoryStorage } from '../../../src/sdk/storage/memory.js';
import { mutateBytes, mutateJson } from './mutate.js';
import { faultOf, hurriedClock, type Target } from './target.js';

const FILE = 'dead-letter/00000001.ndjson';
const TIME = '2030-01-02T03:04:05Z';

/** The dead letter's files: what is damaged hides nothing else, and is left as it is. */
export const deadLetters: Target = {
  name: 'a dead letter',
  async attack(random) {
    const storage = createMemoryStorage();
    const lines = Array.from({ length: 1 + random.below(5) }, (_, n) => {
      const event = Buffer.from(random.chance(0.2) ? [0xff, n] : `{"id":"e${n}","event_type":"x"}`);
      return encodeRecord(recordOf({ kind: 'refused', id: `e${n}`, reason: 'bad', event }, TIME));
    });
    const [at, honest] = [random.below(lines.length), lines.length - 1];
    const line = lines[at] ?? Buffer.alloc(0);
    const mutated = random.chance(0.5) ? mutateBytes(line.subarray(0, -1), random) : mutateMembers(line);
    // One line stays one line.
    const broken = Buffer.concat([Buffer.from(mutated.filter((byte) => byte !== 0x0a)), Buffer.from('\n')]);
    await storage.write(FILE, Buffer.concat(lines.with(at, broken)));

    function mutateMembers(of: Buffer): Buffer {
      return mutateJson(JSON.parse(of.toString('utf8')), random);
    }
    const archive = new DeadLetterArchive(storage);
    try {
      let [entries, damaged] = [0, 0];
      for await (const found of archive.read()) {
        if (found.kind === 'damaged') damaged += 1;
        else entries += 1;
      }
      if (entries < honest) return `${entries} of ${honest} sound entries are found`;
      if ((await archive.damage()).length !== damaged) return 'the damage is counted in two ways';
      const before = await storage.read(FILE);
      await archive.removeWhere(() => false);
      await archive.removeRepeats();
      const after = await storage.read(FILE);
      if (!Buffer.from(after ?? []).includes(broken) && damaged > 0) return 'a damaged line is not left as it was';
      if (before === undefined) return 'the file is gone';
      const deadLetter = new DeadLetter(storage, hurriedClock(), { limitBytes: 1_000_000 });
      const event = Buffer.from('{"id":"new"}');
      const kept = await deadLetter.write([{ kind: 'refused', id: 'new', reason: 'bad', event }]);
      if (kept.length !== 1) return 'a new event is not kept';
      for await (const found of archive.read())
        if (found.kind === 'entry' && Buffer.from(found.record.event).equals(event)) return undefined;
      return 'a new event is not found';
    } catch (error) {
      return faultOf(error, /^(STATE_UNAVAILABLE|DEAD_LETTER_FULL)$/);
    }
  },
};
