/** Path of the HTTP intake below its host, by region of the platform (runtime page, D.1). */
const INTAKE_BASE_PATHS = {
  FRA1: '',
  FRA2: '/api/v1/intake-http',
  MCO1: '/api/v1/intake-http',
  UAE1: '/api/v1/intake-http',
  USA1: '/api/v1/intake-http',
  // The page of the regions says otherwise; the general rule is taken.
  SGP1: '/api/v1/intake-http',
} as const;

export type Region = keyof typeof INTAKE_BASE_PATHS;

export const REGIONS = Object.keys(INTAKE_BASE_PATHS) as readonly Region[];

/** The `basePath` of an intake as it is served in that region. */
export function intakeBasePath(region: Region): string {
  return INTAKE_BASE_PATHS[region];
}
