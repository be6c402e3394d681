/**
 * Gives memory back to the system when a process has little to do. V8 collects garbage when new
 * garbage comes, so that after a load its heap stays several times as large as what is in it; its
 * own reducer of memory takes a process that allocates nothing at all for a busy one. In its memory
 * saver mode it collects bit by bit, compacts, and lets go of free pages, and of compiled code, too:
 * a load that comes after is slower by a tenth for some seconds. So the mode is on only after a rest
 * that is long beside these.
 *
 * A process that has work is given room instead: the heap may grow to three times what lives in it
 * before V8 looks through the whole of it, which holds replies up for 10 to 50 ms. By its own rule it
 * does so after a growth of a third, some 12 MB.
 */
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'

/** Part of the time that the main thread works, below which it is idle and from which it is busy. */
const IDLE_BELOW = 0.05
const BUSY_FROM = 0.2
const LOOK_EVERY_MS = 1_000
/** Looks in a row that found it idle. */
const REST_LOOKS = 60
const SAVING = ['--memory-saver-mode', '--heap-growing-percent=0']
const WORKING = ['--no-memory-saver-mode', '--heap-growing-percent=200']

/**
 * Begins to watch how much this process does. The mode is one of the whole process: for a program
 * that is a node, not for one that has a node in it.
 * @returns a function that ends it.
 */
export function saveMemoryWhenIdle(): () => void {
  const observe = createIdleMemory(useFlags)
  useFlags(false)
  let last = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    observe(performance.eventLoopUtilization(now, last).utilization)
    last = now
  }, LOOK_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    observe(1)
  }
}

function useFlags(isSaving: boolean): void {
  for (const flag of isSaving ? SAVING : WORKING) setFlagsFromString(flag)
}

/** Switches the mode by the part of the time that was work, which it is told again and again. */
export function createIdleMemory(
  switchSaving: (isOn: boolean) => void,
): (utilization: number) => void {
  let isSaving = false
  let idleLooks = 0
  return (utilization) => {
    idleLooks = utilization < IDLE_BELOW ? idleLooks + 1 : 0
    const shouldSave = isSaving ? utilization < BUSY_FROM : idleLooks >= REST_LOOKS
    if (shouldSave === isSaving) return
    isSaving = shouldSave
    switchSaving(shouldSave)
  }
}
