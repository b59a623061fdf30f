/** Thrown inside the API simulator to refuse a request; it becomes the answer's status and `message`. */
export class RequestRefused extends Error {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];

  constructor(status: number, message: string, headers: readonly (readonly [string, string])[] = []) {
    super(message);
    this.name = 'RequestRefused';
    this.status = status;
    this.headers = headers;
  }
}
