/**
 * Assignments read before they are asked for: whoever computes a process wants one slot after the
 * other, and the schedule may be on another node. Kept in memory, for a few processes at a time.
 */
import type { PageAssignment } from './formats.ts'

export interface LookAheadOptions {
  /** Slots that are read at once. */
  readonly slots: number
  /** Processes that are read ahead; the one longest unused is forgotten first. */
  readonly processes: number
}

export interface LookAhead {
  /** The assignment of a slot; `read` gives assignments from a slot on, as many as it likes. */
  take(
    processId: string,
    slot: number,
    read: (from: number, limit: number) => Promise<readonly PageAssignment[]>,
  ): Promise<PageAssignment | undefined>
}

/** What is known of one process: assignments of consecutive slots, and those under way after them. */
interface Ahead {
  known: readonly PageAssignment[]
  coming: { readonly from: number; readonly read: Promise<readonly PageAssignment[]> } | undefined
}

export function createLookAhead({ slots, processes }: LookAheadOptions): LookAhead {
  const aheads = new Map<string, Ahead>()
  const aheadOf = (processId: string): Ahead => {
    const ahead = aheads.get(processId) ?? { known: [], coming: undefined }
    aheads.delete(processId)
    aheads.set(processId, ahead)
    const [oldest] = aheads.keys()
    if (aheads.size > processes && oldest !== undefined) aheads.delete(oldest)
    return ahead
  }
  return {
    take: async (processId, slot, read) => {
      const ahead = aheadOf(processId)
      let known = from(ahead.known, slot)
      if (known.length === 0) {
        const { coming } = ahead
        ahead.coming = undefined
        // What was read ahead in vain, or failed, is read again.
        if (coming?.from === slot) known = from(await coming.read.catch(() => []), slot)
        if (known.length === 0) known = from(await read(slot, slots), slot)
      }
      ahead.known = known
      const last = known.at(-1)?.slot
      const isShort = known.length <= slots / 2 && known.length > 1
      if (isShort && last !== undefined && ahead.coming === undefined) {
        const coming = read(last + 1, slots)
        coming.catch(() => undefined)
        ahead.coming = { from: last + 1, read: coming }
      }
      return known[0]
    },
  }
}

/** The assignments from a slot on, if it is among them. */
function from(assignments: readonly PageAssignment[], slot: number): readonly PageAssignment[] {
  const at = assignments.findIndex((assignment) => assignment.slot === slot)
  return at === -1 ? [] : assignments.slice(at)
}
