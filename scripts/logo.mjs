// Makes logo.png from logo.svg: reads its rect, circle and line elements, draws each with a softened edge from the distance
// of every pixel to it, and writes the picture as PNG. With --check it writes nothing and exits 1 where the pixels of
// logo.png are others.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIZE = 256;
const root = path.resolve(import.meta.dirname, '..');
const target = path.join(root, 'logo.png');

const rows = draw(readFileSync(path.join(root, 'logo.svg'), 'utf8'));
if (!process.argv.includes('--check')) {
  writeFileSync(target, png(rows));
} else if (!pixelsOf(readFileSync(target)).equals(rows)) {
  console.error("logo.png is not logo.svg; run 'node scripts/logo.mjs'");
  process.exitCode = 1;
}

/** Rows of RGBA, each behind a byte that says 'as it is'. */
function draw(svg) {
  const [, width] = /viewBox="0 0 (\d+) /.exec(svg);
  const shapes = [...svg.matchAll(/<(rect|circle|line) ([^>]*)\/>/g)].map(([, name, text]) =>
    shape(name, attributes(text)),
  );
  const buffer = Buffer.alloc(SIZE * (SIZE * 4 + 1));
  const scale = Number(width) / SIZE;
  for (let row = 0; row < SIZE; row += 1) {
    for (let column = 0; column < SIZE; column += 1) {
      const pixel = colourAt((column + 0.5) * scale, (row + 0.5) * scale, { shapes, scale });
      buffer.set(pixel, row * (SIZE * 4 + 1) + 1 + column * 4);
    }
  }
  return buffer;
}

function attributes(text) {
  return Object.fromEntries([...text.matchAll(/([a-z-]+\d?)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** A colour, and the distance of a point to the edge: negative inside. */
function shape(name, given) {
  const n = (key) => Number(given[key]);
  if (name === 'circle') {
    return { colour: given.fill, distance: (x, y) => Math.hypot(x - n('cx'), y - n('cy')) - n('r') };
  }
  if (name === 'line') {
    const [ax, ay, bx, by] = [n('x1'), n('y1'), n('x2') - n('x1'), n('y2') - n('y1')];
    const distance = (x, y) => {
      const along = Math.min(1, Math.max(0, ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by)));
      return Math.hypot(x - ax - along * bx, y - ay - along * by) - n('stroke-width') / 2;
    };
    return { colour: given.stroke, distance };
  }
  const [halfWidth, halfHeight, radius] = [n('width') / 2, n('height') / 2, n('rx')];
  const distance = (x, y) => {
    const dx = Math.abs(x - n('x') - halfWidth) - halfWidth + radius;
    const dy = Math.abs(y - n('y') - halfHeight) - halfHeight + radius;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
  };
  return { colour: given.fill, distance };
}

function colourAt(x, y, { shapes, scale }) {
  let [red, green, blue, alpha] = [0, 0, 0, 0];
  for (const { colour, distance } of shapes) {
    const cover = Math.min(1, Math.max(0, 0.5 - distance(x, y) / scale));
    if (cover === 0) continue;
    const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const below = alpha * (1 - cover);
    alpha = cover + below;
    red = (r * cover + red * below) / alpha;
    green = (g * cover + green * below) / alpha;
    blue = (b * cover + blue * below) / alpha;
  }
  return [red, green, blue, alpha * 255].map(Math.round);
}

function png(data) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIZE, 0);
  header.writeUInt32BE(SIZE, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(data, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Of a picture that this program wrote: one IDAT, nothing filtered. Compressors differ, pixels do not. */
function pixelsOf(picture) {
  const at = picture.indexOf('IDAT', 0, 'latin1');
  return inflateSync(picture.subarray(at + 4, at + 4 + picture.readUInt32BE(at - 4)));
}
