/** How many requests are handled at once: the rest is told to come back, at no cost. */
import type { HttpLimits } from './limits.ts'
import { Refusal } from './refusal.ts'

export interface Admission {
  readonly inFlight: number
  /**
   * Lets a request in and gives the function that lets it out again, to be called once.
   * @throws Refusal 503 when the node has enough, 429 when the address has.
   */
  admit(address: string): () => void
}

export function createAdmission(limits: HttpLimits): Admission {
  const perAddress = new Map<string, number>()
  let inFlight = 0
  return {
    get inFlight() {
      return inFlight
    },
    admit: (address) => {
      if (inFlight >= limits.maxInFlight) throw tooMany(503, 'The node', limits.maxInFlight)
      const countsAddress = limits.maxInFlightPerAddress > 0
      if (countsAddress) countUp(perAddress, address, limits.maxInFlightPerAddress)
      inFlight += 1
      return () => {
        inFlight -= 1
        if (countsAddress) countDown(perAddress, address)
      }
    },
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
