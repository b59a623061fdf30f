/** Thrown inside the simulated services of the platform to refuse a request. */
export class PlatformRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'PlatformRefused';
    this.status = status;
  }
}
