/**
 * JSON the way the library of automation modules wants it: byte for byte what Python's own writer makes with an indent of
 * two. That is, no newline at the end, and every character that is not printable ASCII as an escape.
 */

/** Writes a value in that form. */
export function writePlatformJson(value: unknown): string {
  return reprintPlatformJson(JSON.stringify(value));
}

/**
 * A JSON text in that form. Works on the text, since reading it into objects would put keys that look like numbers first
 * and forget how numbers were written.
 * @throws SyntaxError where it is not JSON, or has a key twice in one object
 */
export function reprintPlatformJson(text: string): string {
  JSON.parse(text);
  return new Printer(text.match(TOKENS) ?? []).value('\n');
}

/** Of a text that is JSON. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:]/g;

class Printer {
  #next = 0;

  constructor(private readonly tokens: readonly string[]) {}

  /** @param newLine a line break with the indent of the value's first line */
  value(newLine: string): string {
    const token = this.#take();
    if (token === '{') return this.#members(newLine);
    if (token === '[') return this.#list('[', ']', newLine, (inner) => this.value(inner));
    if (token.startsWith('"')) return ascii(token);
    return /^-?\d/.test(token) ? number(token) : token;
  }

  #members(newLine: string): string {
    const keys = new Set<string>();
    return this.#list('{', '}', newLine, (inner) => {
      const key = ascii(this.#take());
      if (keys.has(key)) throw new SyntaxError(`the key ${key} is there twice`);
      keys.add(key);
      this.#take();
      return `${key}: ${this.value(inner)}`;
    });
  }

  #list(open: string, close: string, newLine: string, item: (inner: string) => string): string {
    const inner = `${newLine}  `;
    const items: string[] = [];
    while (this.tokens[this.#next] !== close) {
      items.push(item(inner));
      if (this.tokens[this.#next] === ',') this.#next += 1;
    }
    this.#next += 1;
    return items.length === 0 ? open + close : `${open}${inner}${items.join(`,${inner}`)}${newLine}${close}`;
  }

  #take(): string {
    const token = this.tokens[this.#next] ?? '';
    this.#next += 1;
    return token;
  }
}

function ascii(literal: string): string {
  return JSON.stringify(JSON.parse(literal)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function number(literal: string): string {
  if (/^-?\d+$/.test(literal)) return literal === '-0' ? '0' : literal;
  const value = Number(literal);
  if (Object.is(value, -0)) return '-0.0';
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -4 || exponent >= 16) {
    return value.toExponential().replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);
  }
  return Number.isInteger(value) ? `${BigInt(value)}.0` : String(value);
}
