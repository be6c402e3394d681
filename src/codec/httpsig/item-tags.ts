/** What a header adds to the commitment of a data item, so that a reader can make the item again. */
import { compareText } from '../../base/bytes.ts'
import type { Commitment } from '../../message/commitment.ts'
import { decodeItem } from '../ans104/data-item.ts'
import { formatOriginalTags, ORIGINAL_TAGS } from '../ans104/original-tags.ts'

/**
 * The commitment with the tags of its item where their order would be lost: components are sorted,
 * tags need not be. Without the item's bytes there is nothing to add.
 */
export function withItemTags(commitment: Commitment): Commitment {
  const { wire, fields, committed } = commitment
  if (wire?.kind !== 'ans104' || fields.has(ORIGINAL_TAGS) || isSorted(committed)) return commitment
  const { tags } = decodeItem(wire.item)
  const hasAmbiguousName = tags.some(({ name }) => name.includes(':') || name.includes(', '))
  if (tags.length === 0 || hasAmbiguousName) return commitment
  return {
    ...commitment,
    fields: new Map([...fields, [ORIGINAL_TAGS, formatOriginalTags(tags)]]),
  }
}

function isSorted(keys: readonly string[]): boolean {
  return keys.every((key, index) => index === 0 || compareText(keys[index - 1] ?? '', key) <= 0)
}
