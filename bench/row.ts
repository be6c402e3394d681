/** One line of the result: a figure, beside what it is measured against and what it should be. */

export interface Row {
  readonly name: string
  readonly figure: number
  readonly unit: string
  /** Measured in the same run, in the unit of the figure. */
  readonly limit?: { readonly name: string; readonly figure: number }
  /** Without it the row is only told. */
  readonly goal?: Goal
}

export interface Goal {
  /** Whether the figure is held against the goal, or its part of the limit. */
  readonly of: 'figure' | 'ratio'
  readonly atLeast?: number
  readonly atMost?: number
}

/** The figure as a part of its limit. */
export function ratioOf({ figure, limit }: Row): number | undefined {
  return limit === undefined ? undefined : figure / limit.figure
}

/** Whether the goal is reached; `undefined` for a row without one. */
export function isMet(row: Row): boolean | undefined {
  if (row.goal === undefined) return undefined
  const { of, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = row.goal
  const held = of === 'figure' ? row.figure : (ratioOf(row) ?? Number.NaN)
  return held >= atLeast && held <= atMost
}
