/** A page is not made smaller than this because of failures. */
const FEWEST_ROWS = 100;
/** Pages that must have been answered before larger ones are tried. */
const PAGES_BEFORE_MORE = 10;

/** What to ask for after a page of so many rows failed: the API may have taken too long for them. */
export function fewerRows(rows: number): number {
  return Math.max(Math.min(rows, FEWEST_ROWS), Math.floor(rows / 2));
}

/** Rows to ask for in a page: fewer after failures, more again while pages are answered. */
export class PageSize {
  rows: number;
  #answered = 0;

  /** @param most rows to ask for where all is well */
  constructor(private readonly most: number) {
    this.rows = most;
  }

  /** A page was answered. */
  answered(): void {
    this.#answered += 1;
    if (this.#answered < PAGES_BEFORE_MORE) return;
    this.#answered = 0;
    this.rows = Math.min(this.most, 2 * this.rows);
  }

  /** More rows than these failed. */
  lower(rows: number): void {
    this.#answered = 0;
    this.rows = Math.min(this.rows, rows);
  }
}
