/** One group of bars that share a scale. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
}

const WIDTH = 720;
const LABEL_WIDTH = 230;
const BAR_WIDTH = WIDTH - LABEL_WIDTH - 110;
const LINE = 24;

/** Draws groups of horizontal bars below each other, as SVG; each group's largest value takes the whole width. */
export function drawBarChart(title: string, groups: readonly BarGroup[]): string {
  const lines: string[] = [text(16, 28, title, 'font-size="17" font-weight="bold"')];
  let y = 44;
  for (const group of groups) {
    y += LINE;
    lines.push(text(16, y, group.title, 'font-weight="bold"'));
    const longest = Math.max(...group.bars.map(({ value }) => value).filter(Number.isFinite), Number.MIN_VALUE);
    for (const { label, value } of group.bars) {
      y += LINE;
      const width = Number.isFinite(value) ? barLength(value, longest) : 0;
      lines.push(
        text(LABEL_WIDTH - 8, y, label, 'text-anchor="end"'),
        `<rect x="${LABEL_WIDTH}" y="${y - 13}" width="${width}" height="16" fill="#2563eb"/>`,
        text(LABEL_WIDTH + width + 6, y, Number(value.toPrecision(3)).toLocaleString('en-US')),
      );
    }
  }
  const size = `width="${WIDTH}" height="${y + LINE}" viewBox="0 0 ${WIDTH} ${y + LINE}"`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="13">`;
  return [head, '<rect width="100%" height="100%" fill="white"/>', ...lines, '</svg>', ''].join('\n');
}

/** How long a bar is, of `BAR_WIDTH` at the most. */
function barLength(value: number, longest: number): number {
  return Math.round((value / longest) * BAR_WIDTH);
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}
