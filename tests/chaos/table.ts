/** Rows of names and values, the values aligned at their right. */
export function table(rows: readonly (readonly [string, string | number])[]): string {
  const shown = rows.map(([name, value]) => [name, typeof value === 'number' ? value.toLocaleString('en-US') : value]);
  const width = (column: number): number => Math.max(...shown.map((row) => row[column]?.length ?? 0));
  return shown.map(([name = '', value = '']) => `  ${name.padEnd(width(0))}  ${value.padStart(width(1))}`).join('\n');
}
