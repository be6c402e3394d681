/**
 * `original-tags` of a commitment: the tags of the item as they were, numbered from 1, where they
 * cannot be told from the message.
 */
import { toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import type { Commitment } from '../../message/commitment.ts'
import { Message } from '../../message/message.ts'
import { isBinary, isList, type Value } from '../../message/value.ts'
import { MAX_TAGS, type Tag } from './tags.ts'

export const ORIGINAL_TAGS = 'original-tags'

/** The tags as a value of a commitment. */
export function formatOriginalTags(tags: readonly Tag[]): Message {
  return new Message(
    tags.map(({ name, value }, index) => {
      const tag: [string, Value][] = [
        ['name', name],
        ['value', value],
      ]
      return [`${index + 1}`, new Message(tag)]
    }),
  )
}

/**
 * The tags that a commitment holds, or `undefined` if it holds none.
 * @throws AoError `invalid-commitment`
 */
export function originalTagsOf({ id, fields }: Commitment): Tag[] | undefined {
  const value = fields.get(ORIGINAL_TAGS)
  if (value === undefined) return undefined
  const size = value instanceof Message ? value.size : isList(value) ? value.length : 0
  if (size === 0 || size > MAX_TAGS) {
    throw new AoError('invalid-commitment', `Expected 1 to ${MAX_TAGS} original-tags`, { id, size })
  }
  return Array.from({ length: size }, (_, index) => {
    const tag = value instanceof Message ? value.get(`${index + 1}`) : isList(value) && value[index]
    return parseTag(tag, id)
  })
}

function parseTag(tag: Value | false | undefined, id: string): Tag {
  if (tag instanceof Message) {
    const [name, value] = [tag.get('name'), tag.get('value')]
    const text = isBinary(name) ? toText(name) : undefined
    if (text !== undefined && isBinary(value)) return { name: text, value }
  }
  throw new AoError('invalid-commitment', 'Expected a name and a value in original-tags', { id })
}
