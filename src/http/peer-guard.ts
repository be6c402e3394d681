/**
 * Where clients may lead the node: hints and scheduler locations are written by strangers, and a
 * node stands where they do not, beside databases and metadata services that trust their network.
 */
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { AoError } from '../base/errors.ts'
import { createNetworks } from './networks.ts'

export interface PeerGuard {
  /** @throws AoError `remote-failed` for an address that must not be reached */
  assertAddress(url: URL): void
  /** Resolves names, to addresses that may be reached only. */
  readonly lookup: LookupFunction
}

/** Networks of one machine or one site (RFC 6890), and addresses that stand for such. */
const PRIVATE = createNetworks([
  ...['loopback', '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
  ...['::', '64:ff9b::/96', '64:ff9b:1::/48', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
])

/** Keeps a client off private addresses, but for those of URLs that the operator named. */
export function createPeerGuard(trusted: readonly string[]): PeerGuard {
  const names = new Set(trusted.map((url) => hostOf(new URL(url))))
  const mayReach = (name: string, address: string): boolean =>
    names.has(name) || !PRIVATE.has(address)
  return {
    assertAddress: (url) => {
      const host = hostOf(url)
      if (isIP(host) !== 0 && !mayReach(host, host)) throw privatePeer(host)
    },
    lookup: (name, options, done) => {
      lookup(name, { ...options, all: true }, (error, found) => {
        if (error !== null) return done(error, '')
        const [first, ...others] = found.filter(({ address }) => mayReach(name, address))
        if (first === undefined) return done(privatePeer(name), '')
        if (options.all === true) return done(null, [first, ...others] satisfies LookupAddress[])
        return done(null, first.address, first.family)
      })
    },
  }
}

/** An address of IPv6 stands in brackets in a URL. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function privatePeer(host: string): AoError {
  return new AoError(
    'remote-failed',
    'The scheduler has an address in a private network; the operator may allow that with localPeers',
    { peer: host },
  )
}
