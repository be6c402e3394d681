/** A clock and timers that stand still until a test moves them. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Timers } from './timers.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

export class FakeTime implements Clock, Timers {
  /** What the clock shows before anything was advanced or set. */
  #wallMs: number
  #elapsedMs = 0
  readonly #timers = new Set<Timer>()

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  now(): number {
    return this.#wallMs
  }

  set(callback: () => void, delayMs: number): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(delayMs, 1), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, timers and what they start included. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms
    await settle()
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers.delete(timer)
      this.#pass(timer.atMs)
      timer.callback()
      await settle()
    }
    this.#pass(endMs)
  }

  /** Sets the clock, as an operator or a time server does: no time passes. */
  jump(ms: number): void {
    this.#wallMs += ms
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (first === undefined || timer.atMs < first.atMs)) first = timer
    }
    return first
  }

  #pass(toMs: number): void {
    this.#wallMs += toMs - this.#elapsedMs
    this.#elapsedMs = toMs
  }
}

/** Waits until promises that are under way have had their turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn()
}
