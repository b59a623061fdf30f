/** Sections that the help of a command ends with. */
export interface HelpSections {
  readonly examples: readonly string[];
  readonly exitCodes?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

export const USUAL_EXIT_CODES = {
  '0': 'done',
  '1': 'it could not be done',
  '2': 'a setting, an argument or a command is wrong',
  '130': 'interrupted (Ctrl-C)',
} as const;

export const CONFIGURATION_ENVIRONMENT = {
  MODULE_CONFIGURATION: 'the account as JSON, or base64 of it',
  CONNECTOR_CONFIGURATION: 'the arguments as JSON, or base64 of it (else TRIGGER_CONFIGURATION)',
  INTAKE_URL: 'intake address where intake_server is not set',
  CONFIGURATION_PATH: "directory of the platform's files (default: /symphony)",
  DATA_PATH: 'directory of the state',
  FILE_BACKEND: "'S3' keeps the state in the bucket AWS_BUCKET_NAME; README.md has the other names",
  LOG_LEVEL: 'debug, info, warning, error, or 10 to 40',
  NO_COLOR: 'no colours, where set',
} as const;

/** The sections as text, to stand below commander's help. */
export function helpText({ examples, exitCodes = USUAL_EXIT_CODES, environment }: HelpSections): string {
  const parts = ['', 'Examples:', ...examples.map(showExample), '', 'Exit codes:', ...list(exitCodes)];
  if (environment !== undefined) parts.push('', 'Environment:', ...list(environment));
  return parts.join('\n');
}

/** A line that goes on with the one before is indented already. */
function showExample(line: string): string {
  return line.startsWith(' ') ? line : `  $ ${line}`;
}

function list(entries: Readonly<Record<string, string>>): string[] {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries).map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
