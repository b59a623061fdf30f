import { compareVersions, findVersion } from './semantic-version.js';
import type { BundleView, Violation } from './violation.js';

const FILE = 'CHANGELOG.md';
const TITLES = ['Changelog', 'Change log'];
const SECTIONS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'];

/** The preamble that every changelog of the library has, word by word. */
const PREAMBLE = [
  'All notable changes to this project will be documented in this file.',
  'The format is based on [Keep a Changelog](https://keepachangelog.com/en/1.0.0/), ' +
    'and this project adheres to [Semantic Versioning](https://semver.org/spec/v2.0.0.html).',
];

interface Part {
  readonly level: number;
  readonly title: string;
  /** Up to the next heading of any level. */
  readonly body: string;
}

/** The newest version that a changelog tells of. */
export function newestVersion(changelog: string): string | undefined {
  const versions = partsOf(changelog).flatMap(({ level, title }) => (level === 2 ? (findVersion(title) ?? []) : []));
  return versions[0];
}

/** Whether something is told of that has no version yet. */
export function hasUnreleased(changelog: string): boolean {
  const parts = partsOf(changelog);
  const from = parts.findIndex(({ level, title }) => level === 2 && findVersion(title) === undefined);
  if (from < 0) return false;
  const end = parts.findIndex(({ level }, at) => at > from && level <= 2);
  return parts.slice(from, end < 0 ? undefined : end).some(({ body }) => body.trim() !== '');
}

/** What the library asks of `CHANGELOG.md`. */
export function changelogViolations(view: BundleView): Violation[] {
  const text = view.text(FILE);
  if (text === undefined) return [violation('is missing', 'Write it in the form of Keep a Changelog 1.0.0.')];
  const parts = partsOf(text);
  return [...titleViolations(parts), ...entryViolations(parts), ...orderViolations(parts)];
}

function titleViolations(parts: readonly Part[]): Violation[] {
  const titles = parts.filter(({ level }) => level === 1);
  if (titles.length !== 1) {
    return [violation(`has ${titles.length} headings of level 1`, "Give it one: '# Changelog'.")];
  }
  const firstEntry = parts.findIndex(({ level }) => level === 2);
  const [title = ''] = titles.map((part) => part.title);
  const preamble = parts
    .slice(0, firstEntry < 0 ? undefined : firstEntry)
    .map(({ body }) => body)
    .join(' ');
  const missing = PREAMBLE.filter((sentence) => !preamble.replace(/\s+/g, ' ').includes(sentence));
  return [
    ...(TITLES.includes(title) ? [] : [violation(`is titled '${title}'`, "Title it '# Changelog'.")]),
    ...missing.map((sentence) =>
      violation('lacks a sentence that the checker looks for', `Put below the title: ${sentence}`),
    ),
  ];
}

function entryViolations(parts: readonly Part[]): Violation[] {
  const entries = parts.filter(({ level }) => level === 2);
  if (entries.length === 0) return [violation('has no entry', "Add one, such as '## [1.2.3] - 2030-01-02'.")];
  return [
    ...entries.flatMap((entry) => entryTitleViolations(entry)),
    ...parts.flatMap((part, at) =>
      sectionViolations(
        part,
        parts.slice(0, at).some(({ level }) => level === 2),
      ),
    ),
  ];
}

function entryTitleViolations({ title, body }: Part): Violation[] {
  const found: Violation[] = [];
  const version = findVersion(title);
  if (version === undefined && !/unreleased/i.test(title)) {
    found.push(violation(`has an entry '${title}' without a version`, "Name a version, or call it 'Unreleased'."));
  }
  if (version !== undefined && !hasDate(title)) {
    found.push(violation(`has an entry '${title}' without a date`, `Write '## [${version}] - YYYY-MM-DD'.`));
  }
  if (body.trim() !== '') {
    found.push(violation(`has text outside a section in '${title}'`, `Put it below one of: ${SECTIONS.join(', ')}.`));
  }
  return found;
}

function hasDate(title: string): boolean {
  const [date] = /(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)/.exec(title) ?? [];
  return date !== undefined && !Number.isNaN(Date.parse(date));
}

function sectionViolations({ level, title }: Part, isInEntry: boolean): Violation[] {
  if (level !== 3 || (isInEntry && SECTIONS.includes(title))) return [];
  const where = isInEntry ? `has a section '${title}'` : `has a section '${title}' before the first entry`;
  return [violation(where, `Take one of: ${SECTIONS.join(', ')}, inside an entry.`)];
}

function orderViolations(parts: readonly Part[]): Violation[] {
  const versions = parts.flatMap(({ level, title }) => (level === 2 ? (findVersion(title) ?? []) : []));
  return versions.flatMap((version, at) => {
    const above = versions[at - 1];
    if (above === undefined || compareVersions(version, above) < 0) return [];
    return [violation(`has ${version} below ${above}`, 'Order the entries by version, the newest first.')];
  });
}

/** Headings as the checker sees them: only those with a newline behind them, and none inside a block of code. */
function partsOf(text: string): Part[] {
  const withoutCode = text.replaceAll('\r\n', '\n').replace(/^```[\s\S]*?^```/gm, 'code');
  const headings = [...withoutCode.matchAll(/^(#{1,6})[ \t]+(.*?)[ \t]*\n/gm)];
  return headings.map((heading, at) => ({
    level: heading[1]?.length ?? 0,
    title: heading[2] ?? '',
    body: withoutCode.slice(heading.index + heading[0].length, headings[at + 1]?.index),
  }));
}

function violation(problem: string, remedy: string): Violation {
  return { file: FILE, problem, remedy };
}
