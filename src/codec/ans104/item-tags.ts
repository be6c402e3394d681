/**
 * The tags that a message gets when nothing says what they were: those that a reader without
 * `original-tags` makes of it. Both directions need them: one to write a message, the other to know
 * whether a received item would come out the same.
 */
import { byteLength, compareText, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { isPrivateKey, LINK_SUFFIX } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import type { Tabm, TabmValue } from '../../message/tabm.ts'
import type { Tag } from './tags.ts'

/** Names the key whose value is the data of the item, where that is not `data`. */
export const DATA_KEY_TAG = 'ao-data-key'

export interface TagSource {
  /** Committed keys in order; without a commitment all public keys, sorted. */
  readonly keys: Iterable<string>
  /** The key of the data. */
  readonly dataKey: string
  /** Keys that have no tag: they are nested items or fields of the item. */
  readonly elsewhere: ReadonlySet<string>
  /** Tags of a bundle; they come first. */
  readonly bundleTags: readonly Tag[]
}

/**
 * The tags of a message: those of a bundle, the data key if it is another than `data`, then the
 * keys, each as itself or as its link.
 * @throws AoError `unencodable` for a key that the message has not, or whose value is no binary.
 */
export function tagsOf(tabm: Tabm, { keys, dataKey, elsewhere, bundleTags }: TagSource): Tag[] {
  const tags = [...bundleTags]
  const written = new Set<string>([dataKey])
  if (dataKey !== 'data') {
    tags.push({ name: DATA_KEY_TAG, value: dataKey })
    written.add(DATA_KEY_TAG)
  }
  for (const key of keys) {
    const name = presentKey(tabm, key)
    if (written.has(name) || elsewhere.has(name)) continue
    written.add(name)
    tags.push(tagOf(name, tabm.get(name)))
  }
  return tags
}

/** The key itself or its link, whichever the message has. */
export function presentKey(tabm: Tabm, key: string): string {
  return !tabm.has(key) && tabm.has(key + LINK_SUFFIX) ? key + LINK_SUFFIX : key
}

function tagOf(name: string, value: TabmValue | undefined): Tag {
  if (value === undefined || value instanceof Message) {
    throw new AoError('unencodable', 'Expected a binary under each key that becomes a tag', {
      key: name,
    })
  }
  return { name, value }
}

/** All keys that may leave the node, sorted. */
export function sortedPublicKeys(tabm: Tabm): string[] {
  return [...tabm.keys()].filter((key) => !isPrivateKey(key)).sort(compareText)
}

/** The key of the data: what `ao-data-key` says, else `body` if there is only that, else `data`. */
export function dataKeyOf(tabm: Pick<ReadonlyMap<string, TabmValue>, 'get' | 'has'>): string {
  const explicit = tabm.get(DATA_KEY_TAG)
  if (explicit !== undefined && !(explicit instanceof Message)) {
    const key = toText(explicit)
    if (key !== undefined) return key
  }
  return isAbsent(tabm.get('data')) && tabm.has('body') ? 'body' : 'data'
}

/** Whether a value leaves the data of an item empty. */
export function isAbsent(value: TabmValue | undefined): boolean {
  return value === undefined || (!(value instanceof Message) && byteLength(value) === 0)
}

/**
 * The key that a tag name stands for. Each character by itself, as Erlang does it: JavaScript looks
 * around a sigma to tell whether it ends a word.
 */
export function lowerCase(name: string): string {
  let isAscii = true
  let isLower = true
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at)
    if (unit > 0x7f) isAscii = false
    else if (unit >= 0x41 && unit <= 0x5a) isLower = false
  }
  if (isAscii) return isLower ? name : name.toLowerCase()
  return Array.from(name, (char) => char.toLowerCase()).join('')
}
