/** The node's stores: one for all, or one of its own for schedules. */
import { AoError } from '../base/errors.ts'
import type { MemoryBudget } from '../base/memory-budget.ts'
import type { NodeConfig } from '../config/options.ts'
import { createCountedStore } from '../store/counted-store.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'

export interface NodeStores {
  /** Messages. */
  readonly cache: Store
  /** Schedules, their messages and scheduler locations; may be the same store. */
  readonly scheduler: Store
  close(): Promise<void>
}

/** @throws AoError `store-failed` when a store cannot be opened. */
export async function openStores(config: NodeConfig): Promise<NodeStores> {
  const cache = await open(config, config.storePath)
  const { schedulerStorePath } = config
  if (schedulerStorePath === undefined) {
    return { cache, scheduler: cache, close: () => cache.close() }
  }
  const scheduler = await open(config, schedulerStorePath).catch(async (error: unknown) => {
    await cache.close()
    throw error
  })
  return {
    cache,
    scheduler,
    close: async () => {
      await Promise.all([cache.close(), scheduler.close()])
    },
  }
}

/** The same stores; what requests read from them counts as held by them. */
export function countReads(
  { cache, scheduler, close }: NodeStores,
  memory: MemoryBudget,
): NodeStores {
  const counted = createCountedStore(cache, memory.hold)
  return {
    cache: counted,
    scheduler: scheduler === cache ? counted : createCountedStore(scheduler, memory.hold),
    close,
  }
}

/** Whether both stores can be read, and take a write: it deletes what is not there. */
export async function areUsable({ cache, scheduler }: NodeStores): Promise<boolean> {
  const probe = async (store: Store): Promise<void> => {
    await store.kindOf('ready')
    await store.commit([{ kind: 'delete', path: 'ready' }])
  }
  try {
    await Promise.all([cache, scheduler].map(probe))
    return true
  } catch {
    return false
  }
}

async function open({ storeEngine }: NodeConfig, path: string): Promise<Store> {
  try {
    return await openStore(
      storeEngine === 'memory' ? { engine: 'memory' } : { engine: storeEngine, path },
    )
  } catch (cause) {
    if (cause instanceof AoError) throw cause
    throw new AoError(
      'store-failed',
      `The ${storeEngine} store could not be opened`,
      { path },
      cause,
    )
  }
}
