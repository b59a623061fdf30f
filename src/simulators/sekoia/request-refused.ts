/** Thrown inside the intake simulator to refuse a whole request. */
export class IntakeRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'IntakeRefused';
    this.status = status;
  }
}
