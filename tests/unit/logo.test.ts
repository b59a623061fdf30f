import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { describe, expect, it } from '@jest/globals';

describe('the logo', () => {
  it('as PNG is the one drawn as SVG', async () => {
    const check = promisify(execFile)(process.execPath, ['scripts/logo.mjs', '--check']);
    await expect(check).resolves.toMatchObject({ stderr: '' });
  });

  it('is a picture and nothing else: no script, no address, no text of anybody', () => {
    const svg = readFileSync('logo.svg', 'utf8');
    const elements = Array.from(svg.matchAll(/<([a-z]+)/g), ([, name]) => name);
    expect(new Set(elements)).toEqual(new Set(['svg', 'rect', 'circle', 'line']));
    expect(svg).not.toMatch(/href|url\(|style=|on[a-z]+=/);
  });

  it('as PNG is square and small enough for the library', () => {
    const png = readFileSync('logo.png');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([256, 256]);
    expect(png.length).toBeLessThan(50 * 1024);
  });
});
