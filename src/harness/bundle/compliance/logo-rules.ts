import type { BundleView, Violation } from './violation.js';

const LONGEST_PNG_BYTES = 50 * 1024;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** What the library asks of a logo. The checker takes an SVG as it is; a PNG beside it is measured here all the same. */
export function logoViolations(view: BundleView): Violation[] {
  const [svg, png] = [view.text('logo.svg'), view.bytes('logo.png')];
  if (svg === undefined && png === undefined) {
    return [{ file: 'logo.svg', problem: 'is missing', remedy: 'Add logo.svg, or logo.png: square, 50 KiB at most.' }];
  }
  return [...(svg === undefined ? [] : svgViolations(svg)), ...(png === undefined ? [] : pngViolations(png))];
}

function svgViolations(svg: string): Violation[] {
  if (/<svg[\s>]/.test(svg)) return [];
  return [{ file: 'logo.svg', problem: 'is not SVG', remedy: 'Save the logo as an SVG document.' }];
}

function pngViolations(png: Uint8Array): Violation[] {
  const violation = (problem: string, remedy: string): Violation => ({ file: 'logo.png', problem, remedy });
  const size = sizeOf(png);
  if (size === undefined) return [violation('is not PNG', 'Save the logo as PNG.')];
  const found: Violation[] = [];
  if (size.width !== size.height) {
    found.push(violation(`is ${size.width} by ${size.height} pixels`, 'Make it as wide as it is high.'));
  }
  if (png.length > LONGEST_PNG_BYTES) {
    found.push(violation(`has ${png.length} bytes`, `Bring it below ${LONGEST_PNG_BYTES}: fewer pixels or colours.`));
  }
  return found;
}

/** As the header says, which has to come first in the file. */
function sizeOf(png: Uint8Array): { width: number; height: number } | undefined {
  if (png.length < 24 || SIGNATURE.some((byte, at) => png[at] !== byte)) return undefined;
  const header = new DataView(png.buffer, png.byteOffset, png.byteLength);
  // 'IHDR'
  if (header.getUint32(12) !== 0x49484452) return undefined;
  return { width: header.getUint32(16), height: header.getUint32(20) };
}
