/**
 * The folders, files and symbolic links of the file engine: exact look-ups, and changes that can be
 * taken back. All of it is synchronous, so that no read meets a half-done change.
 */
import {
  constants,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { AoError } from '../base/errors.ts'
import { filePathOf, isContinued, nameOfFiles, storePathOf } from './fs-name.ts'
import { NameCache } from './name-cache.ts'
import { SortedNames } from './sorted-names.ts'
import type { StorePath, StoreWrite } from './store.ts'
import type { EntryView, NamedEntry, NameRange, StoredEntry } from './store-engine.ts'
import { joinPath, parentPath, showPath } from './store-path.ts'

const MAX_KNOWN_GROUPS = 10_000

type Undo = () => void

export class FsTree implements EntryView {
  readonly #data: string
  readonly #trash: string
  /** Groups known to be real folders all the way, so that nothing on the way need be looked at. */
  readonly #groups = new Set<StorePath>()
  readonly #names = new NameCache((group) => this.#readNames(this.#fileOf(group)))
  /** Files and folders changed since they were last flushed. */
  #touched = new Set<string>()
  #trashCount = 0
  #isTorn = false

  /** `root` has the folders `data`, which is the store, and `trash`, on the same file system. */
  constructor(root: string) {
    this.#data = join(root, 'data')
    this.#trash = join(root, 'trash')
    mkdirSync(this.#data, { recursive: true })
    mkdirSync(this.#trash, { recursive: true })
  }

  /** Whether a change failed and could not be taken back. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  entryAt(path: StorePath): StoredEntry | undefined {
    if (this.#isTorn) throw new Error('Files are half changed; open the store again')
    if (path !== '' && !this.#isGroup(parentPath(path))) return undefined
    const file = this.#fileOf(path)
    const stat = lstatSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return undefined
    if (stat.isSymbolicLink()) return this.#linkAt(file, path)
    return stat.isDirectory() ? { kind: 'group' } : { kind: 'value', read: () => readValue(file) }
  }

  names(group: StorePath, range: NameRange): string[] {
    return this.#names.of(group).range(range)
  }

  entries(group: StorePath, range: NameRange): NamedEntry[] {
    return this.names(group, range).flatMap((name) => {
      const entry = this.entryAt(joinPath(group, name))
      return entry === undefined ? [] : [{ name, entry }]
    })
  }

  /** Carries out planned writes, all or none. */
  apply(writes: readonly StoreWrite[]): void {
    const undo: Undo[] = []
    const changes: { readonly write: StoreWrite; readonly wasThere: boolean }[] = []
    try {
      for (const write of writes) changes.push({ write, wasThere: this.#change(write, undo) })
    } catch (error) {
      this.#takeBack(undo)
      throw error
    }
    for (const { write, wasThere } of changes) this.#remember(write, wasThere)
  }

  /** What must be flushed for all changes so far to be on the disk; asked for once. */
  takeTouched(): readonly string[] {
    const touched = [...this.#touched]
    this.#touched = new Set()
    return touched
  }

  /** Removes for good what changes have replaced. */
  async emptyTrash(): Promise<void> {
    for (const file of readdirSync(this.#trash)) {
      await rm(join(this.#trash, file), { recursive: true, force: true })
    }
  }

  #isGroup(path: StorePath): boolean {
    if (this.#groups.has(path)) return true
    if (this.entryAt(path)?.kind !== 'group') return false
    if (this.#groups.size >= MAX_KNOWN_GROUPS) this.#groups.clear()
    this.#groups.add(path)
    return true
  }

  #fileOf(path: StorePath): string {
    return path === '' ? this.#data : join(this.#data, filePathOf(path))
  }

  /** Only to follow a link is an error where it leaves the store; it may be deleted. */
  #linkAt(file: string, path: StorePath): StoredEntry {
    const targetOf = (): StorePath => this.#targetOf(file, path)
    return {
      kind: 'link',
      get target() {
        return targetOf()
      },
    }
  }

  /** @throws AoError `store-failed` */
  #targetOf(file: string, path: StorePath): StorePath {
    const target = relative(this.#data, resolve(dirname(file), readlinkSync(file)))
    const targetPath = isAbsolute(target) ? undefined : storePathOf(target)
    if (targetPath !== undefined) return targetPath
    const message = `Expected a symbolic link to a place in the store at ${showPath(path)}; remove it`
    throw new AoError('store-failed', message, { path })
  }

  #readNames(folder: string): SortedNames {
    const names: string[] = []
    const collect = (at: string, begun: string): void => {
      for (const entry of readFolder(at)) {
        if (!isContinued(entry.name)) pushDefined(names, nameOfFiles(begun + entry.name))
        else if (entry.isDirectory()) collect(join(at, entry.name), begun + entry.name)
      }
    }
    collect(folder, '')
    return new SortedNames(names)
  }

  /** Carries out one write; whether something was at its path before. */
  #change(write: StoreWrite, undo: Undo[]): boolean {
    const file = this.#fileOf(write.path)
    this.#touch(file, write.kind)
    if (write.kind === 'delete') return this.#displace(file, undo)
    if (write.kind === 'group') return this.#makeFolder(file, undo)
    const made = this.#make(write, file)
    if (isContinued(dirname(file))) mkdirSync(dirname(file), { recursive: true })
    const wasThere = this.#displace(file, undo)
    renameSync(made, file)
    undo.push(() => unlinkSync(file))
    return wasThere
  }

  #makeFolder(file: string, undo: Undo[]): boolean {
    if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) return true
    const wasThere = this.#displace(file, undo)
    mkdirSync(file, { recursive: true })
    undo.push(() => rmdirSync(file))
    return wasThere
  }

  /** The new file or link, complete, but not in its place yet. */
  #make(write: Extract<StoreWrite, { kind: 'value' | 'link' }>, file: string): string {
    const made = this.#trashFile()
    if (write.kind === 'value') writeFileSync(made, write.value)
    else symlinkSync(relative(dirname(file), this.#fileOf(write.target)) || '.', made)
    return made
  }

  #displace(file: string, undo: Undo[]): boolean {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false
    const displaced = this.#trashFile()
    renameSync(file, displaced)
    undo.push(() => renameSync(displaced, file))
    return true
  }

  #trashFile(): string {
    this.#trashCount++
    return join(this.#trash, String(this.#trashCount))
  }

  #touch(file: string, kind: StoreWrite['kind']): void {
    if (kind === 'value') this.#touched.add(file)
    let folder = dirname(file)
    this.#touched.add(folder)
    for (; isContinued(folder); folder = dirname(folder)) this.#touched.add(dirname(folder))
  }

  #takeBack(undo: readonly Undo[]): void {
    try {
      for (const step of undo.toReversed()) step()
    } catch {
      // The failure that led here is what the caller learns; this one is known by its effect.
      this.#isTorn = true
    }
  }

  #remember(write: StoreWrite, wasThere: boolean): void {
    if (write.kind === 'delete') {
      this.#groups.clear()
      this.#names.remove(write.path)
    } else if (!wasThere) this.#names.add(write.path)
  }
}

function readValue(file: string): Uint8Array {
  const flag = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)
  const bytes = readFileSync(file, { flag })
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readFolder(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true })
}

function pushDefined(names: string[], name: string | undefined): void {
  if (name !== undefined) names.push(name)
}
