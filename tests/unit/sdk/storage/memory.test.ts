import { createMemoryStorage } from '../../../../src/sdk/storage/memory.js';
import { describeStorage } from '../../../contract/storage.js';

describeStorage('memory', createMemoryStorage);
