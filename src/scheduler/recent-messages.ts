/** The messages that were met last, within a bound: finds one that is met again. */

export interface RecentMessages {
  /** Notes a message; gives the slot where it was met before, if that is not too long ago. */
  add(messageId: string, slot: number): number | undefined
}

/** @param limit How many are remembered: some 10 MB by default. */
export function createRecentMessages(limit = 100_000): RecentMessages {
  const slots = new Map<string, number>()
  return {
    add: (messageId, slot) => {
      const before = slots.get(messageId)
      slots.delete(messageId)
      slots.set(messageId, slot)
      const [oldest] = slots.keys()
      if (slots.size > limit && oldest !== undefined) slots.delete(oldest)
      return before
    },
  }
}
