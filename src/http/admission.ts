/**
 * Who is let in: the rest is told to come back, at no cost. A request is looked at twice, when its
 * headers are there and when all of it is: what is still on its way takes no place from others.
 */
import { createTokenBuckets } from '../base/token-buckets.ts'
import type { HttpLimits } from './limits.ts'
import { addressBlock, createNetworks } from './networks.ts'
import { Refusal } from './refusal.ts'

export interface Admission {
  /** Requests that are being handled. */
  readonly inFlight: number
  /**
   * Whether the rest of a request may come; gives the function that ends the reading, to be called
   * once. @throws Refusal 429 when the address sends too many, 503 when the node is full.
   */
  read(address: string): () => void
  /**
   * Lets a request in and gives the function that lets it out again, to be called once.
   * @throws Refusal 503 when the node has enough, 429 when the address has.
   */
  admit(address: string): () => void
}

export interface AdmissionOptions {
  /** Addresses and networks without a rate. */
  readonly rateLimitExempt?: readonly string[]
}

export function createAdmission(limits: HttpLimits, options: AdmissionOptions = {}): Admission {
  const takeRate = createRate(limits, options.rateLimitExempt ?? [])
  const perAddress = new Map<string, number>()
  let inFlight = 0
  let reading = 0
  const stopReading = (): void => {
    reading -= 1
  }
  const leave = (): void => {
    inFlight -= 1
  }
  const refuseIfFull = (): void => {
    if (inFlight >= limits.maxInFlight) throw tooMany(503, 'The node', limits.maxInFlight)
  }
  return {
    get inFlight() {
      return inFlight
    },
    read: (address) => {
      takeRate(address)
      refuseIfFull()
      // HTTP/2 puts many requests on a connection.
      const limit = Math.max(limits.maxConnections, limits.maxInFlight)
      if (reading >= limit) throw tooMany(503, 'The node', limit)
      reading += 1
      return stopReading
    },
    admit: (address) => {
      refuseIfFull()
      const block = limits.maxInFlightPerAddress > 0 ? addressBlock(address) : undefined
      if (block !== undefined) countUp(perAddress, block, limits.maxInFlightPerAddress)
      inFlight += 1
      if (block === undefined) return leave
      return () => {
        leave()
        countDown(perAddress, block)
      }
    },
  }
}

function createRate(limits: HttpLimits, exempt: readonly string[]): (address: string) => void {
  const { rateLimitPerAddress: perSecond, rateBurstPerAddress: burst } = limits
  if (perSecond === 0) return () => undefined
  const buckets = createTokenBuckets({ perSecond, burst })
  const free = createNetworks(exempt)
  return (address) => {
    if (free.has(address)) return
    const waitMs = buckets.take(addressBlock(address))
    if (waitMs === 0) return
    const reason = `Expected at most ${perSecond} requests a second of your address; try again later`
    throw new Refusal(429, reason, { code: 'rate-limited', retryAfterMs: waitMs })
  }
}

function countUp(perAddress: Map<string, number>, address: string, limit: number): void {
  const count = perAddress.get(address) ?? 0
  if (count >= limit) throw tooMany(429, 'Your address', limit)
  perAddress.set(address, count + 1)
}

function countDown(perAddress: Map<string, number>, address: string): void {
  const count = perAddress.get(address) ?? 0
  if (count > 1) perAddress.set(address, count - 1)
  else perAddress.delete(address)
}

function tooMany(status: number, who: string, limit: number): Refusal {
  const reason = `${who} has ${limit} requests under way, which is the limit; try again later`
  return new Refusal(status, reason, { code: 'overloaded' })
}
