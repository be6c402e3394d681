/** Sets of addresses: single ones, networks, and `loopback` for this machine. */
import { BlockList, isIP } from 'node:net'

export interface Networks {
  has(address: string): boolean
}

/** Names that are neither addresses nor networks stand for something else, and are passed over. */
export function createNetworks(names: readonly string[]): Networks {
  const list = new BlockList()
  for (const name of names.flatMap(expand)) {
    const [address = '', bits] = name.split('/')
    const version = isIP(address)
    if (version === 0) continue
    const family = version === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return {
    has: (given) => {
      const address = plainAddress(given)
      const version = isIP(address)
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

function expand(name: string): string[] {
  return name === 'loopback' ? ['127.0.0.0/8', '::1'] : [name]
}

/** An IPv4 address as that, also where it came to a socket of IPv6: `::ffff:` and it, or its hex. */
export function plainAddress(address: string): string {
  if (!address.startsWith(':')) return address
  const mapped = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address)
  if (mapped === null) return address
  const [, dotted, high = '', low = ''] = mapped
  if (dotted !== undefined) return dotted
  const groups = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return groups.flatMap((group) => [group >> 8, group & 0xff]).join('.')
}

/**
 * What limits of an address count together: an IPv4 address, or the 64 bits of IPv6 that one
 * customer of a network has to himself.
 */
export function addressBlock(given: string): string {
  const address = plainAddress(given)
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':').filter((group) => group !== '')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length
  const front = [...groups, ...Array<string>(Math.max(missing, 0)).fill('0')]
  if (tail !== undefined) front.push(...tail.split(':'))
  return `${front
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
