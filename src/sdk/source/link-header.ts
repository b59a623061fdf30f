/**
 * The address that a `Link` header (RFC 8288) gives for a relation, as it stands there.
 * @param header several links may be in it, joined by commas
 * @param relation `next`, in lower case
 * @returns undefined where there is none
 */
export function linkTo(header: string | undefined, relation: string): string | undefined {
  for (const [, address, parameters = ''] of (header ?? '').matchAll(/<([^<>]*)>([^<]*)/g)) {
    const [, quoted, bare] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters) ?? [];
    const relations = (quoted ?? bare ?? '').toLowerCase().split(/\s+/);
    if (relations.includes(relation)) return address;
  }
  return undefined;
}
