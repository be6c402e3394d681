/** What a section of the benchmark is: a function that measures one thing and tells rows of it. */
import type { Row } from './row.ts'

export interface SectionContext {
  /** Short runs, to see that all works: figures are rough. */
  readonly isQuick: boolean
  /** Chooses between the size of a full run and that of a quick one. */
  size(full: number, quick: number): number
}

export type Section = (context: SectionContext) => Promise<readonly Row[]>
