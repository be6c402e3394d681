/** Random choices that a seed repeats. Times are real, so that a run is similar, not the same. */

export interface Random {
  /** From 0 up to 1. */
  next(): number
  /** A whole number up to `max`, which is left out. */
  below(max: number): number
  isLuckyOnceIn(count: number): boolean
}

/** The generator "mulberry32": 32 bits of state are enough to choose moments. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    below: (max) => Math.floor(next() * max),
    isLuckyOnceIn: (count) => next() * count < 1,
  }
}
