/** One reader over the caches of a node: what the first does not have is asked of the second. */
import { isMissingLink, type MessageReader } from '../cache/cache.ts'

export function joinReaders(first: MessageReader, second: MessageReader): MessageReader {
  return {
    decode: (record) => first.decode(record),
    read: (id) => first.read(id).then((found) => found ?? second.read(id)),
    readCommitted: async (id) => (await first.readCommitted(id)) ?? second.readCommitted(id),
    canonicalId: async (id) => (await first.canonicalId(id)) ?? second.canonicalId(id),
    readPath: async (path) => (await first.readPath(path)) ?? second.readPath(path),
    load: (link) => orElse(first.load(link), () => second.load(link)),
    loadAll: (message) => orElse(first.loadAll(message), () => second.loadAll(message)),
  }
}

async function orElse<T>(first: Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first
  } catch (error) {
    if (!isMissingLink(error)) throw error
    return second()
  }
}
