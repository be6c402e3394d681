/**
 * What an engine on this machine must do, and no more: exact entries, ordered names, and writes
 * whose links and groups have been worked out. `EngineStore` makes a `Store` of it, so that paths,
 * links, conflicts and queueing are the same in every engine.
 */
import type { AoError } from '../base/errors.ts'
import type { StorePath, StoreWrite } from './store.ts'

/** What is at exactly one path. */
export type StoredEntry =
  | { readonly kind: 'value'; readonly read: () => Uint8Array }
  | { readonly kind: 'link'; readonly target: StorePath }
  | {
      readonly kind: 'group'
      /** There is no group directly below it. Without it nobody knows. */
      readonly isFlat?: boolean
    }

/** Exact look-ups: no link is followed. The empty path is a group. */
export interface EntryView {
  entryAt(path: StorePath): StoredEntry | undefined
}

/** `ListOptions` with its defaults filled in. */
export interface NameRange {
  readonly from: string | undefined
  readonly limit: number
  readonly reverse: boolean
}

export interface NamedEntry {
  readonly name: string
  readonly entry: StoredEntry
}

/** The writes of one `commit`, their bytes owned by the store. */
export type Batch = readonly StoreWrite[]

/** How one batch of several ended: undefined is success. */
export type BatchOutcome = AoError | undefined

export interface StoreEngine extends EntryView {
  readonly name: string
  readonly isDurable: boolean
  /** Names directly below a group, ordered by their bytes. */
  names(group: StorePath, range: NameRange): string[]
  /** The same with what they stand for. */
  entries(group: StorePath, range: NameRange): NamedEntry[]
  /**
   * Writes batches in order, each whole or not at all, and resolves when those that succeeded are
   * durable. One call at a time. Rejects only when no batch took effect.
   */
  write(batches: readonly Batch[]): Promise<readonly BatchOutcome[]>
  sizeBytes(): Promise<number>
  /** Releases everything. Nothing is called after or during it. */
  close(): Promise<void>
}
