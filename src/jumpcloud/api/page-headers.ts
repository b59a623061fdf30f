/** What an `/events` answer says about its page, where its headers survived the way. */
export interface PageHeaders {
  /** Rows in this answer. */
  readonly resultCount: number | undefined;
  /** Row limit that was applied, which tells when ours was not. */
  readonly limit: number | undefined;
  /** Direction that was applied, upper case. */
  readonly sort: string | undefined;
  /** Token of the next page: the text of a JSON array, to be sent back as it is. */
  readonly searchAfter: string | undefined;
}

/**
 * Reads `X-Result-Count`, `X-Limit`, `X-Sort` and `X-Search_after`. A proxy may strip or mangle them: what cannot be
 * read counts as absent.
 * @param headers names in lower case
 */
export function readPageHeaders(headers: Readonly<Record<string, string>>): PageHeaders {
  return {
    resultCount: wholeNumber(headers['x-result-count']),
    // No page holds nothing: a limit of 0 tells as little as none.
    limit: wholeNumber(headers['x-limit']) || undefined,
    sort: headers['x-sort']?.trim().toUpperCase(),
    searchAfter: jsonArray(headers['x-search_after']),
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+\s*$/.test(text) ? Number(text) : undefined;
}

function jsonArray(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.length > 0 ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}
