/**
 * The newest Arweave block that the node knows, for the block fields of assignments. Without a
 * gateway it stays at zero. The gateway is asked in the background, so no request ever waits.
 */
import type { Logger } from '../base/log.ts'

export interface Block {
  readonly height: number
  /** 43 `A`s at height zero, else the 64 characters of `indep_hash`. */
  readonly hash: string
  /** Seconds since the Unix epoch, as the block says. */
  readonly timestamp: number
}

export const GENESIS: Block = { height: 0, hash: 'A'.repeat(43), timestamp: 0 }

export interface BlockClock {
  current(): Block
  stop(): void
}

/** A clock that stands at zero: offline nodes, tests. */
export const zeroBlockClock: BlockClock = { current: () => GENESIS, stop: () => undefined }

export interface BlockClockDeps {
  readonly fetch: typeof fetch
  readonly logger: Logger
}

export interface BlockClockOptions {
  /** Base URL of an Arweave gateway, or `undefined` for a clock at zero. */
  readonly gatewayUrl: string | undefined
  /** How often the gateway is asked. Default 15,000. */
  readonly pollMs?: number
  readonly timeoutMs?: number
}

export function createBlockClock(deps: BlockClockDeps, options: BlockClockOptions): BlockClock {
  const { gatewayUrl } = options
  if (gatewayUrl === undefined) return zeroBlockClock
  let current = GENESIS
  const stopped = new AbortController()
  const refresh = async (): Promise<void> => {
    const signal = AbortSignal.any([
      stopped.signal,
      AbortSignal.timeout(options.timeoutMs ?? 10_000),
    ])
    const response = await deps.fetch(new URL('/block/current', gatewayUrl), { signal })
    if (!response.ok) throw new Error(`Gateway answered ${response.status}`)
    current = parseBlock(await response.json())
  }
  const tick = (): void => {
    refresh().catch((error: unknown) => {
      if (!stopped.signal.aborted) deps.logger.warn({ err: error }, 'Block clock refresh failed')
    })
  }
  const timer = setInterval(tick, options.pollMs ?? 15_000)
  timer.unref()
  tick()
  return {
    current: () => current,
    stop: () => {
      clearInterval(timer)
      stopped.abort()
    },
  }
}

function parseBlock(json: unknown): Block {
  const { height, indep_hash: hash, timestamp } = json as Record<string, unknown>
  if (!isCount(height) || !isCount(timestamp) || !isHash(hash)) {
    throw new Error('Gateway answered something that is no block')
  }
  return { height, hash, timestamp }
}

/** What is in every assignment must be fit for a header and a tag. */
function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,128}$/.test(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
