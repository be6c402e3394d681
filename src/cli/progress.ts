/** One line on the standard error that says how far a long command is, for people only. */
import type { CommandIo } from './command.ts'

export interface Progress {
  /** `last` is the slot that the schedule ends with, where that is known. */
  slot(processId: string, slot: number, last?: number): void
  /** Makes room for other lines. */
  clear(): void
}

const EVERY_MS = 200
const CLEAR_LINE = '\r\u001b[K'

export function createProgress({ isTerminal, writeError }: CommandIo): Progress {
  if (!isTerminal) return { slot: () => undefined, clear: () => undefined }
  const startedMs = performance.now()
  let count = 0
  let shownMs = startedMs
  return {
    slot: (processId, slot, last) => {
      count++
      const nowMs = performance.now()
      if (nowMs - shownMs < EVERY_MS) return
      shownMs = nowMs
      const rate = Math.round((count * 1_000) / (nowMs - startedMs))
      const end = last === undefined ? '' : ` of ${formatCount(last)}`
      const line = `${processId}  slot ${formatCount(slot)}${end}  ${formatCount(rate)}/s`
      writeError(CLEAR_LINE + line)
    },
    clear: () => writeError(CLEAR_LINE),
  }
}

/** `1,204` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1 slot`, `2 slots`, `2 processes`. */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
