/** Who sent a request: the peer of the connection, or the client that a trusted proxy names. */
import { isIP } from 'node:net'
import { createNetworks, plainAddress } from './networks.ts'
import { headerText, type RequestHead } from './request-head.ts'

/**
 * A function from a request to the address that limits count. Each proxy adds the address that it
 * got the request from at the end of `x-forwarded-for`: read from there, the first one that is no
 * trusted proxy is the client. What stands before it anybody may have written.
 */
export function createClientAddress(trustedProxies: readonly string[]) {
  const proxies = createNetworks(trustedProxies)
  return (head: RequestHead): string => {
    let address = plainAddress(head.peerAddress)
    if (trustedProxies.length === 0) return address
    const hops = (headerText(head, 'x-forwarded-for') ?? '').split(',')
    for (const hop of hops.reverse()) {
      const next = plainAddress(hop.trim())
      if (!proxies.has(address) || isIP(next) === 0) break
      address = next
    }
    return address
  }
}
