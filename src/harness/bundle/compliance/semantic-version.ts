const NUMBER = String.raw`(?:0|[1-9]\d*)`;
const IDENTIFIER = String.raw`(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
const VERSION = String.raw`(${NUMBER})\.(${NUMBER})\.(${NUMBER})(?:-(${IDENTIFIER}(?:\.${IDENTIFIER})*))?(?:\+[0-9a-zA-Z.-]+)?`;
const WHOLE = new RegExp(`^${VERSION}$`);
const INSIDE = new RegExp(String.raw`(?<![\w.])${VERSION}(?![\w.])`);

/** Whether a text is a version of Semantic Versioning 2.0.0. */
export function isVersion(text: string): boolean {
  return WHOLE.test(text);
}

/** The first version in a text. */
export function findVersion(text: string): string | undefined {
  return INSIDE.exec(text)?.[0];
}

/** Precedence of Semantic Versioning: negative where `a` comes before `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < 3; at += 1) {
    const difference = Number(left.numbers[at]) - Number(right.numbers[at]);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(left.preRelease, right.preRelease);
}

function partsOf(version: string): { numbers: readonly (string | undefined)[]; preRelease: readonly string[] } {
  const [, major, minor, patch, preRelease] = WHOLE.exec(version) ?? [];
  return { numbers: [major, minor, patch], preRelease: preRelease?.split('.') ?? [] };
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  // A release comes after its pre-releases.
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const difference = compareIdentifiers(left, right);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Numbers by size and before words. */
function compareIdentifiers(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOtherNumber) return Number(a) - Number(b);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}
