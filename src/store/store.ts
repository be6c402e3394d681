/**
 * The `Store` seam: where bytes are kept, under hierarchical paths. Engines live beside this file,
 * each passes `store-suite.ts`. Nothing here knows what a message is; `cache/` does.
 */

/**
 * A path is segments joined by `/`: no empty segment, no `.` or `..`, no NUL, at most
 * `MAX_PATH_BYTES` bytes. Names are ordered by their UTF-8 bytes.
 */
export type StorePath = string

export const MAX_PATH_BYTES = 1_024

/** One change of a batch. */
export type StoreWrite =
  /** Sets the value at a path; groups above it come into being. */
  | { readonly kind: 'value'; readonly path: StorePath; readonly value: Uint8Array }
  /** Makes `path` a link to `target`: a read of the path, or below it, continues at the target. */
  | { readonly kind: 'link'; readonly path: StorePath; readonly target: StorePath }
  /** Makes an empty group. */
  | { readonly kind: 'group'; readonly path: StorePath }
  /** Removes what is at exactly this path (a group with all below it). Absent is no error. */
  | { readonly kind: 'delete'; readonly path: StorePath }

export type StoreEntryKind = 'value' | 'group'

export interface ListOptions {
  /** First name that may come, inclusive; with `reverse` the last one. */
  readonly from?: string
  /** At most so many names; default 1,000. */
  readonly limit?: number
  /** Highest name first. */
  readonly reverse?: boolean
}

/** Reads. Every read follows links, in the last segment and on the way, up to 32 of them. */
export interface StoreReader {
  /** The value at a path; `undefined` where there is none, or a group. */
  get(path: StorePath): Promise<Uint8Array | undefined>
  /** Many values in one call, in the order of the paths. */
  getMany(paths: readonly StorePath[]): Promise<(Uint8Array | undefined)[]>
  /** What is at a path after its links, `undefined` for nothing or a dangling link. */
  kindOf(path: StorePath): Promise<StoreEntryKind | undefined>
  /** The path after all links; the path itself where there are none. */
  resolve(path: StorePath): Promise<StorePath>
  /** Names directly below a group, ordered; empty for anything else. Cost follows `limit`, not the size of the group. */
  list(path: StorePath, options?: ListOptions): Promise<string[]>
}

/**
 * A store. `commit` is the only way to write: all of a batch or nothing of it.
 *
 * @throws AoError `store-failed` when the medium refuses (full disk, I/O error): nothing of the
 * batch is visible then, and the store may be used on. `store-closed` after `close`.
 */
export interface Store extends StoreReader {
  /** Engine and place for logs and errors: `lmdb(./data)`. */
  readonly name: string
  /**
   * Writes a batch in one transaction. Resolves when it is durable: it survives a crash of the
   * process and of the machine (memory stores: of neither, and say so in `isDurable`). Batches
   * that are committed while another is being flushed may share one flush.
   */
  commit(writes: readonly StoreWrite[]): Promise<void>
  readonly isDurable: boolean
  /** Bytes that the store takes, for metrics. */
  sizeBytes(): Promise<number>
  /** Waits for commits under way, then releases everything. Closing twice is allowed. */
  close(): Promise<void>
}
