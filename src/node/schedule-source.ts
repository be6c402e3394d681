/** Where the commands find schedules: a running node over HTTP, or a store that no node holds. */
import { AoError } from '../base/errors.ts'
import { createPeerClient } from '../http/client.ts'
import { createStoreSource, type ScheduleSource } from '../scheduler/audit-source.ts'
import { createNodeSource } from '../scheduler/node-source.ts'
import { createScheduleStore } from '../scheduler/schedule-store.ts'
import { openExistingStore } from '../store/open-store.ts'

export type SchedulePlace =
  | { readonly kind: 'node'; readonly url: string }
  /** The folder of a store. */
  | { readonly kind: 'store'; readonly path: string }

export interface OpenSource extends AsyncDisposable {
  readonly source: ScheduleSource
  /** For people: the URL, or engine and folder. */
  readonly name: string
}

/** Pages of a schedule are long where messages are. */
const MAX_REPLY_BYTES = 256 * 2 ** 20

/** @throws AoError `store-failed` for a folder without a store, or one that a node holds. */
export async function openSource(place: SchedulePlace): Promise<OpenSource> {
  if (place.kind === 'node') return nodeSource(place.url)
  const store = await openExistingStore(place.path)
  return {
    source: createStoreSource(createScheduleStore(store)),
    name: store.name,
    [Symbol.asyncDispose]: () => store.close(),
  }
}

function nodeSource(url: string): OpenSource {
  const base = parseUrl(url)
  const client = createPeerClient({ maxReplyBytes: MAX_REPLY_BYTES })
  return {
    source: createNodeSource((path) => client.request({ method: 'GET', url: new URL(path, base) })),
    name: base.origin,
    [Symbol.asyncDispose]: () => client.close(),
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new AoError(
    'invalid-config',
    `Expected the URL of a node such as http://host:8734, got ${text}`,
  )
}
