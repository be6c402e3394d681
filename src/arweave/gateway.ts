/** What the node asks of an Arweave gateway's GraphQL: the scheduler location of an address. */
import type { Clock } from '../base/clock.ts'
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'

export interface GatewayDeps {
  readonly fetch: typeof fetch
  readonly clock: Clock
}

export interface GatewayOptions {
  readonly gatewayUrl: string
  /** Default 10,000. */
  readonly timeoutMs?: number
}

export interface Gateway {
  /**
   * The newest `Scheduler-Location` of an address: its tags with lower-case keys. A gateway gives
   * no signature to check, so what it says is kept in memory for the record's time to live (at most
   * a day) and never stored. @throws AoError `remote-failed` when the gateway does not answer.
   */
  schedulerLocation(address: string): Promise<Message | undefined>
}

const QUERY = `query ($owners: [String!]!) {
  transactions(owners: $owners, tags: { name: "Type", values: ["Scheduler-Location"] }, first: 1) {
    edges { node { tags { name value } } }
  }
}`

const DAY_MS = 86_400_000
const DEFAULT_TTL_MS = 3_600_000
/** How long the absence of a record is remembered. */
const ABSENT_TTL_MS = 60_000
const MAX_REMEMBERED = 10_000

interface Remembered {
  readonly record: Message | undefined
  readonly untilMs: number
}

export function createGateway(deps: GatewayDeps, options: GatewayOptions): Gateway {
  const remembered = new Map<string, Remembered>()
  return {
    schedulerLocation: async (address) => {
      const known = remembered.get(address)
      if (known !== undefined && known.untilMs > deps.clock.now()) return known.record
      const record = await askForLocation(deps, options, address)
      const [oldest] = remembered.keys()
      if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
      remembered.delete(address)
      remembered.set(address, { record, untilMs: deps.clock.now() + ttlMs(record) })
      return record
    },
  }
}

function ttlMs(record: Message | undefined): number {
  if (record === undefined) return ABSENT_TTL_MS
  const given = Number(record.get('time-to-live') ?? DEFAULT_TTL_MS)
  return Number.isFinite(given) && given > 0 ? Math.min(given, DAY_MS) : DEFAULT_TTL_MS
}

async function askForLocation(
  deps: GatewayDeps,
  { gatewayUrl, timeoutMs = 10_000 }: GatewayOptions,
  address: string,
): Promise<Message | undefined> {
  const url = new URL('/graphql', gatewayUrl)
  try {
    const response = await deps.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY, variables: { owners: [address] } }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok) throw new Error(`Gateway answered ${response.status}`)
    return parseLocation(await response.json())
  } catch (cause) {
    const reason = 'The gateway could not be asked where the scheduler is; try again later'
    throw new AoError('remote-failed', reason, { gateway: url.host }, cause)
  }
}

interface GraphqlReply {
  readonly data?: {
    readonly transactions?: {
      readonly edges?: readonly { readonly node?: { readonly tags?: readonly Tag[] } }[]
    }
  }
}

interface Tag {
  readonly name: string
  readonly value: string
}

function parseLocation(json: unknown): Message | undefined {
  const tags = (json as GraphqlReply).data?.transactions?.edges?.[0]?.node?.tags
  if (!Array.isArray(tags)) return undefined
  const entries: [string, Value][] = []
  for (const tag of tags as readonly Partial<Tag>[]) {
    if (typeof tag.name !== 'string' || typeof tag.value !== 'string') continue
    entries.push([tag.name.toLowerCase(), tag.value])
  }
  return new Message(entries)
}
