/** Test aid: what the parts of the store suite share, and short ways to say writes. */
import type { TestContext } from 'node:test'
import { isAoError } from '../base/errors.ts'
import type { Store, StoreWrite } from './store.ts'

export interface StoreSuiteOptions {
  /** For durable stores: opens what `store`, closed by now, has left behind. */
  readonly reopen?: (store: Store) => Promise<Store>
}

/** What the parts of the suite share. */
export interface StoreSuite extends StoreSuiteOptions {
  readonly name: string
  /** An empty store that is closed when the test ends. */
  readonly open: (context: TestContext) => Promise<Store>
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export const text = (value: Uint8Array | undefined): string | undefined =>
  value && new TextDecoder().decode(value)

export const value = (path: string, content: string | Uint8Array = path): StoreWrite => ({
  kind: 'value',
  path,
  value: typeof content === 'string' ? bytes(content) : content,
})

export const link = (path: string, target: string): StoreWrite => ({ kind: 'link', path, target })

export const group = (path: string): StoreWrite => ({ kind: 'group', path })

export const remove = (path: string): StoreWrite => ({ kind: 'delete', path })

/** Whether an error is a conflict that names `path`. */
export const isConflictAt =
  (path: string) =>
  (error: unknown): boolean =>
    isAoError(error, 'store-conflict') && error.context.path === path && error.message.includes('"')
