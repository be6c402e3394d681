import type { ServerResponse } from 'node:http'

/** Whether nothing that is written reaches the client any more. */
export function isGone(response: ServerResponse): boolean {
  if (response.destroyed) return true
  // Node's responses of HTTP/2 do not tell that they are destroyed, but their streams do.
  const { stream } = response as { readonly stream?: { readonly destroyed: boolean } }
  return stream?.destroyed === true
}
