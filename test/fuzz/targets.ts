/** All targets of the fuzzer. */
import { codecTargets } from './codec-targets.ts'
import { readCorpus } from './corpus.ts'
import { openNodeTargets } from './node-targets.ts'
import type { FuzzTarget } from './target.ts'
import { workTargets } from './work-targets.ts'

export interface OpenTargets {
  readonly targets: readonly FuzzTarget[]
  /** Says what was audited at the end. @throws AssertionError for what is wrong with it */
  close(): Promise<string>
}

export async function openTargets(): Promise<OpenTargets> {
  const corpus = await readCorpus()
  const { targets, close } = await openNodeTargets(corpus)
  return {
    targets: [...(await codecTargets(corpus)), ...(await workTargets(corpus)), ...targets],
    close,
  }
}
