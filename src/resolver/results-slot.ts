/**
 * `/PID/compute/results=7`, as aoconnect asks for the results of slot 7. By the path grammar the 7
 * belongs to the step after `compute`, so that HyperBEAM answers with the newest results it has.
 */
import { calledKey, ownKeys, type ParsedPath, type StepKeys } from './path-step.ts'

/** The slot that the step after this one names for it; `undefined` where it has one of its own. */
export function resultsSlot(path: ParsedPath, index: number, keys: StepKeys): number | undefined {
  const step = path.steps[index]
  const next = path.steps[index + 1]
  if (step === undefined || next === undefined) return undefined
  if (calledKey(step) !== 'compute' || calledKey(next) !== 'results') return undefined
  const slot = ownKeys(path, index + 1).get('results')
  const isSlot = typeof slot === 'string' && /^\d{1,15}$/.test(slot)
  return isSlot && !keys.has('slot') && !keys.has('compute') ? Number(slot) : undefined
}
