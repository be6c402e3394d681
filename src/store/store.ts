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

/** How many links one read follows before it gives up: what lies behind more of them is not there. */
export const MAX_LINKS = 32

/**
 * One change of a batch. Links on the way to a path are followed, the last segment never is: a
 * value or link replaces a value or link. A group stays a group until it is deleted, and nothing
 * lies below a value: what would break this fails with `store-conflict`.
 */
export type StoreWrite =
  /** Sets the value at a path; groups above it come into being. */
  | { readonly kind: 'value'; readonly path: StorePath; readonly value: Uint8Array }
  /** Makes `path` a link to `target`: a read of the path, or below it, continues at the target. */
  | {
      readonly kind: 'link'
      readonly path: StorePath
      readonly target: StorePath
      /** Leaves the path as it is where anything is there. */
      readonly onlyNew?: boolean
    }
  /** Makes a group where there is none; one that stands, or that a link leads to, is left as it is. */
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

/** One entry of a group, as `scan` gives it. */
export interface StoreEntry {
  readonly name: string
  /** The value after all links; `undefined` for a group or a dangling link. */
  readonly value: Uint8Array | undefined
}

/** One entry of a group, as `links` gives it. */
export interface StoreLink {
  readonly name: string
  /** Where the link points, which may be another link or nothing; `undefined` for what is no link. */
  readonly target: StorePath | undefined
}

/**
 * Reads. Every read follows links, in the last segment and on the way, up to 32 of them; a longer
 * chain, a circle and a dangling link lead to nothing. `list`, `scan`, `links`, `kindOf` and
 * `resolve` also take the empty path: the group that holds all others.
 *
 * @throws AoError `invalid-path` for a malformed path, `store-failed` when the medium cannot be
 * read, `store-closed` after `close`.
 */
export interface StoreReader {
  /** The value at a path; `undefined` where there is none, or a group. The bytes belong to the caller. */
  get(path: StorePath): Promise<Uint8Array | undefined>
  /** Many values in one call, in the order of the paths. */
  getMany(paths: readonly StorePath[]): Promise<(Uint8Array | undefined)[]>
  /** What is at a path after its links, `undefined` for nothing or a dangling link. */
  kindOf(path: StorePath): Promise<StoreEntryKind | undefined>
  /**
   * The path after all links; the path itself where there are none.
   *
   * @throws AoError `infinite-recursion` where links go in a circle or are too many
   */
  resolve(path: StorePath): Promise<StorePath>
  /** Names directly below a group, ordered; empty for anything else. Cost follows `limit`, not the size of the group. */
  list(path: StorePath, options?: ListOptions): Promise<string[]>
  /** Like `list`, with the values: one pass over consecutive names, cheaper than `list` and `getMany`. */
  scan(path: StorePath, options?: ListOptions): Promise<StoreEntry[]>
  /** Like `list`, with what each link points to: no value is read for it. */
  links(path: StorePath, options?: ListOptions): Promise<StoreLink[]>
}

/**
 * A store. `commit` is the only way to write: all of a batch or nothing of it. The writes of a
 * batch take effect in their order, batches in the order of the calls; bytes are copied at the call.
 *
 * @throws AoError `store-failed` when the medium refuses (full disk, I/O error): nothing of the
 * batch is visible then, and the store may be used on. `store-conflict` when a value is where a
 * group is needed or the other way round, `overloaded` when too many batches wait, `store-closed`
 * after `close`.
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
