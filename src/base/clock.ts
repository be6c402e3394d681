/** Time as a dependency, so that a test can set it. */

export interface Clock {
  /** Milliseconds since the Unix epoch. May jump; callers that need order must enforce it. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
