/**
 * Assignments in the forms in which pages hold them. What was made once is kept, so that a page is
 * put together of pieces: many readers follow the same schedules, and an assignment never changes.
 */
import { ByteLruMap } from '../base/byte-lru-map.ts'
import { missingLink } from '../cache/load-limits.ts'
import type { ReadStored, StoredMessage } from '../cache/stored-messages.ts'
import { encodeNestedParts } from '../codec/httpsig/nested-parts.ts'
import { encodeNestedJson } from '../codec/json.ts'
import type { InlineEntry, InlineForms } from '../message/inline-forms.ts'
import type { Message } from '../message/message.ts'
import type { EncodedParts } from '../message/multipart.ts'
import { formatAos2Edge } from './formats.ts'
import type { SlotLink } from './schedule-store.ts'

/** The assignments of one page. */
export interface PageForms extends InlineForms {
  /** Each as an edge of `application/aos-2`. */
  edges(slots: readonly SlotLink[]): Promise<readonly Uint8Array[]>
}

/** Slots that are one page, and their forms. */
export interface PageSlots {
  readonly slots: readonly SlotLink[]
  readonly forms: PageForms
}

export interface AssignmentForms {
  /**
   * As many of the slots as there are bytes for, at least one; fewer where one is not stored.
   * @throws AoError see `ReadStored`.
   */
  page(slots: readonly SlotLink[], limitBytes: number): Promise<PageSlots>
}

/** What is kept of one assignment. */
interface KnownForms {
  /** Of its records: what it counts for in a page. */
  readonly bytes: number
  readonly json?: Uint8Array
  readonly parts?: PathParts
  readonly edge?: Uint8Array
}

/** Parts hold the path under which they stand in the body. */
interface PathParts {
  readonly path: string
  readonly encoded: EncodedParts
}

/** Assignments that are read at once. */
const PART_SLOTS = 64
/** What an entry takes beside its forms. */
const ENTRY_BYTES = 512

/** @param limitBytes of all forms that are kept; 0 keeps none. */
export function createAssignmentForms(readStored: ReadStored, limitBytes: number): AssignmentForms {
  const known = new ByteLruMap<string, KnownForms>(limitBytes)
  return {
    page: async (slots, limit) => {
      const forms = new FormsOfPage(known, readStored)
      const kept: SlotLink[] = []
      let left = limit
      while (kept.length < slots.length) {
        const part = slots.slice(kept.length, kept.length + PART_SLOTS)
        const sizes = await forms.sizes(part.map(({ id }) => id))
        for (const [index, slot] of part.entries()) {
          const bytes = sizes[index]
          if (bytes === undefined || left <= 0) return { slots: kept, forms }
          left -= bytes
          kept.push(slot)
        }
      }
      return { slots: kept, forms }
    },
  }
}

class FormsOfPage implements PageForms {
  readonly #known: ByteLruMap<string, KnownForms>
  readonly #readStored: ReadStored
  /** Read to know its size, and used for the first form that is made. */
  readonly #read = new Map<string, StoredMessage>()

  constructor(known: ByteLruMap<string, KnownForms>, readStored: ReadStored) {
    this.#known = known
    this.#readStored = readStored
  }

  /** Bytes of each; `undefined` for one that is not stored. */
  async sizes(ids: readonly string[]): Promise<(number | undefined)[]> {
    const sizes = new Map(ids.map((id) => [id, this.#known.get(id)?.bytes]))
    const unknown = ids.filter((id) => sizes.get(id) === undefined)
    await this.#readAll(unknown)
    for (const id of unknown) {
      const bytes = this.#read.get(id)?.bytes
      sizes.set(id, bytes)
      // Pages of links need no more than this.
      if (bytes !== undefined) this.#known.set(id, { bytes }, keptBytes({ bytes }))
    }
    return ids.map((id) => sizes.get(id))
  }

  async json(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const wanted = ids.map((id) => ({ id }))
    const made = await this.#forms(wanted, {
      find: ({ json }) => json,
      make: (message) => Buffer.from(encodeNestedJson(message)),
      keep: (json) => ({ json }),
    })
    return new Map(made.map(([{ id }, json]) => [id, json]))
  }

  async parts(entries: readonly InlineEntry[]): Promise<ReadonlyMap<string, EncodedParts>> {
    const made = await this.#forms(entries, {
      find: ({ parts }, { path }) => (parts?.path === path ? parts.encoded : undefined),
      make: (message, { path }) => encodeNestedParts(message, path),
      keep: (encoded, { path }) => ({ parts: { path, encoded } }),
    })
    return new Map(made.map(([{ path }, encoded]) => [path, encoded]))
  }

  async edges(slots: readonly SlotLink[]): Promise<readonly Uint8Array[]> {
    const made = await this.#forms(slots, {
      find: ({ edge }) => edge,
      make: (message, { slot }) => Buffer.from(formatAos2Edge(slot, message)),
      keep: (edge) => ({ edge }),
    })
    return made.map(([, edge]) => edge)
  }

  release(): void {
    this.#read.clear()
  }

  /** The forms of entries: those that are kept, and all others made. */
  async #forms<E extends { readonly id: string }, T>(
    entries: readonly E[],
    kind: FormKind<E, T>,
  ): Promise<[E, T][]> {
    const found = new Map<E, T>()
    for (const entry of entries) {
      const known = this.#known.get(entry.id)
      const form = known && kind.find(known, entry)
      if (form !== undefined) found.set(entry, form)
    }
    const missing = entries.filter((entry) => !found.has(entry)).map(({ id }) => id)
    await this.#readAll(missing.filter((id) => !this.#read.has(id)))
    const forms = entries.map((entry): [E, T] => {
      return [entry, found.get(entry) ?? this.#make(entry, kind)]
    })
    for (const id of missing) this.#read.delete(id)
    return forms
  }

  #make<E extends { readonly id: string }, T>(entry: E, { make, keep }: FormKind<E, T>): T {
    const { id } = entry
    const stored = this.#read.get(id)
    if (stored === undefined) throw missingLink(id)
    const form = make(stored.message(), entry)
    const forms = { ...this.#known.get(id), ...keep(form, entry), bytes: stored.bytes }
    this.#known.set(id, forms, keptBytes(forms))
    return form
  }

  async #readAll(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const stored = await this.#readStored(ids)
    for (const [index, message] of stored.entries()) {
      const id = ids[index]
      if (id !== undefined && message !== undefined) this.#read.set(id, message)
    }
  }
}

/** One kind of form: where it is kept, and how it is made. */
interface FormKind<E, T> {
  readonly find: (known: KnownForms, entry: E) => T | undefined
  readonly make: (message: Message, entry: E) => T
  readonly keep: (form: T, entry: E) => Partial<KnownForms>
}

function keptBytes({ json, parts, edge }: KnownForms): number {
  const { bytes, ends } = parts?.encoded ?? { bytes: undefined, ends: [] }
  const forms = [json, edge, bytes].reduce((sum, form) => sum + (form?.length ?? 0), 0)
  return ENTRY_BYTES + forms + ends.length * 8
}
