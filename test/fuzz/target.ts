/**
 * What every case of the fuzzer must keep to, whatever it is fed with: an answer or an `AoError`,
 * within a second of computing.
 */
import fc from 'fast-check'
import { AoError } from '../../src/base/errors.ts'
import { formatCase, parseCase } from './case-text.ts'

/** A part of the node and what it is fed with. */
export interface FuzzTarget {
  readonly name: string
  /** How many of all cases are its own, compared with the others. */
  readonly share: number
  readonly run: (parameters: FuzzParameters) => Promise<FuzzOutcome>
  /** Tries one case that `formatCase` wrote. @throws what is wrong */
  readonly again: (text: string) => Promise<void>
}

export interface FuzzParameters {
  readonly seed: number
  readonly cases: number
  /** Computing that one case may take. */
  readonly hangMs: number
}

export interface FuzzOutcome {
  readonly worstMs: number
  readonly failure?: FuzzFailure
}

export interface FuzzFailure {
  readonly target: string
  readonly seed: number
  readonly error: string
  /** The smallest case that was found, as `formatCase` writes it. */
  readonly case: string
}

interface TargetOptions<T> {
  readonly share: number
  readonly arbitrary: fc.Arbitrary<T>
  /** Throws when the case shows a fault. */
  readonly check: (value: T) => void | Promise<void>
}

export function createTarget<T>(name: string, options: TargetOptions<T>): FuzzTarget {
  const { share, arbitrary, check } = options
  const run = async ({ seed, cases, hangMs }: FuzzParameters): Promise<FuzzOutcome> => {
    let worstMs = 0
    const property = fc.asyncProperty(arbitrary, async (value) => {
      const tookMs = await computing(() => check(value))
      worstMs = Math.max(worstMs, tookMs)
      if (tookMs > hangMs) throw new Error(`The case computed for ${Math.round(tookMs)} ms`)
    })
    const details = await fc.check(property, { seed, numRuns: cases, endOnFailure: false })
    if (!details.failed) return { worstMs }
    const { errorInstance } = details
    const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance)
    const failed = formatCase(details.counterexample?.[0])
    return { worstMs, failure: { target: name, seed, error: error ?? '', case: failed } }
  }
  return { name, share, run, again: async (text) => void (await check(parseCase(text) as T)) }
}

/** Milliseconds that a call computes; what others do on the machine does not count. */
async function computing(run: () => void | Promise<void>): Promise<number> {
  const before = process.threadCpuUsage()
  await run()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

/** The result of a call; `undefined` for a refusal with a reason. Everything else is a fault. */
export async function attempt<T>(run: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof AoError) return undefined
    throw error
  }
}
