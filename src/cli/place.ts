/** The flags that say where schedules are. */
import { loadConfig } from '../config/load-config.ts'
import type { SchedulePlace } from '../node/schedule-source.ts'
import { type Arguments, usageError } from './command.ts'

/** `--node` and `--store`, for `readArguments`. */
export const PLACE_FLAGS = { node: [], store: [] } as const

/** How they are explained. */
export const PLACE_DETAILS = `  --node URL    a running node, over HTTP
  --store PATH  the folder of a store that no running node holds; without either flag the
                store that is configured (see config print)`

/** @throws AoError `invalid-config` for both flags at once. */
export function placeOf({ values }: Arguments): SchedulePlace {
  const url = values.get('node')
  const path = values.get('store')
  if (url !== undefined && path !== undefined) {
    throw usageError('Expected --node or --store, got both')
  }
  return url === undefined
    ? { kind: 'store', path: path ?? configuredStore() }
    : { kind: 'node', url }
}

/** @throws AoError `invalid-config` for a configuration without a store on disk. */
export function configuredStore(): string {
  const { storeEngine, storePath, schedulerStorePath } = loadConfig().config
  if (storeEngine !== 'memory') return schedulerStorePath ?? storePath
  throw usageError('Expected --store PATH: the configured store is in memory')
}

/** A flag that is a whole number. @throws AoError `invalid-config` */
export function wholeNumber({ values }: Arguments, name: string): number | undefined {
  const text = values.get(name)
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw usageError(`Expected --${name} to be a whole number, got "${text}"`)
}

/** Words that are process ids. @throws AoError `invalid-config` */
export function processIds({ words }: Arguments): readonly string[] {
  const wrong = words.find((word) => !/^[\w-]{43}$/.test(word))
  if (wrong === undefined) return words
  throw usageError(`Expected a process id of 43 characters, got "${wrong}"`)
}
