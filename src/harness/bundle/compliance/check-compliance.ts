import { changelogViolations } from './changelog-rules.js';
import { jsonViolations } from './documents.js';
import { imageViolations } from './image-rules.js';
import { itemViolations } from './item-rules.js';
import { logoViolations } from './logo-rules.js';
import { manifestViolations } from './manifest-rules.js';
import type { BundleView, Violation } from './violation.js';

/**
 * Every rule of the library's compliance checker that applies to a module that is not written in Python, what its
 * documents ask for beyond that, and what its JSON lint and the build of the image need.
 * @param commands what the program can be started with
 * @returns everything that is wrong, at once
 */
export async function checkCompliance(view: BundleView, commands: readonly string[]): Promise<readonly Violation[]> {
  return [
    ...(await manifestViolations(view)),
    ...(await itemViolations(view, commands)),
    ...changelogViolations(view),
    ...logoViolations(view),
    ...imageViolations(view),
    ...jsonViolations(view),
  ];
}
