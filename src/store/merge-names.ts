/** Names of one group from several places, each in order, as one ordered list without doubles. */
import { compareText } from '../base/bytes.ts'
import type { ListOptions } from './store.ts'

export function mergeNames(
  lists: readonly (readonly string[])[],
  { limit, reverse = false }: ListOptions = {},
): string[] {
  const [only, ...others] = lists
  if (others.length === 0) return [...(only ?? [])]
  const names = [...new Set(lists.flat())].sort(compareText)
  if (reverse) names.reverse()
  return names.slice(0, limit ?? 1_000)
}
