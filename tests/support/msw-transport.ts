import { getResponse, type RequestHandler } from 'msw';

import type { HttpTransport } from '../../src/sdk/ports.js';

/** The transport port answered by msw's handlers; msw itself does not see what undici sends. */
export function mswTransport(...handlers: RequestHandler[]): HttpTransport {
  return {
    async request({ url, method, headers, body }) {
      const request = new Request(url, { method, headers: { ...headers }, ...(body === undefined ? {} : { body }) });
      const response = await getResponse(handlers, request);
      if (response === undefined) throw new Error(`nobody answers ${method} ${url}`);
      if (response.type === 'error') throw new TypeError('the connection broke');
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: (response.body ?? []) as AsyncIterable<Uint8Array>,
      };
    },
  };
}
