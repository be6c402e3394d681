/**
 * The newest runs of a task, each kept as the line of JSON that it is in the store: a run adds one
 * line, and those of a task that nobody looks at are never read.
 */

export interface RunRecord {
  /** Time or height at which the run was due. */
  readonly due: number
  readonly startedMs: number
  /** Of the last attempt. */
  readonly durationMs: number
  /** As HTTP would tell it. */
  readonly status: number
  /** Attempts that it took. */
  readonly attempts: number
  /** Id of the result; of a process that of the scheduled message. */
  readonly result?: string
  /** Why it failed. */
  readonly reason?: string
}

export class RunHistory {
  /** The lines as they came from the store, until they are needed apart. */
  #stored: string
  #lines: string[] = []

  /** Of lines, the oldest run first. */
  constructor(stored = '') {
    this.#stored = stored
  }

  /** Adds a run; of more than `limit` the oldest are forgotten. */
  push(record: RunRecord, limit: number): void {
    const lines = this.#split()
    lines.push(JSON.stringify(record))
    if (lines.length > limit) lines.splice(0, lines.length - limit)
  }

  /** The runs, the last one at the end. */
  list(): RunRecord[] {
    return this.#split().map((line) => JSON.parse(line) as RunRecord)
  }

  last(): RunRecord | undefined {
    const line = this.#split().at(-1)
    return line === undefined ? undefined : (JSON.parse(line) as RunRecord)
  }

  /** The lines for the store. */
  text(): string {
    return this.#split().join('\n')
  }

  #split(): string[] {
    if (this.#stored !== '') this.#lines = this.#stored.split('\n')
    this.#stored = ''
    return this.#lines
  }
}
