const LINE_FEED = 0x0a;

/** How far to the right the line begins that a text is on, which comes in pieces. */
export class LineStart {
  /** Blanks before its first letter, as far as it is known. */
  indent = 0;
  #isBlank = true;

  /** Goes on to another place in the text at hand, of which this one is the beginning. */
  moveTo(place: number, text: Buffer): void {
    if (place === 0) return;
    const lineFeed = text.lastIndexOf(LINE_FEED, place - 1);
    if (lineFeed < 0 && !this.#isBlank) return;
    let at = lineFeed + 1;
    while (at < place && (text[at] === 0x20 || text[at] === 0x09 || text[at] === 0x0d)) at += 1;
    const blanks = at - (lineFeed + 1);
    this.indent = lineFeed < 0 ? this.indent + blanks : blanks;
    this.#isBlank = at === place;
  }

  /** The line has so many blanks and nothing else so far. */
  beginAfter(blanks: number): void {
    this.indent = blanks;
    this.#isBlank = true;
  }
}
