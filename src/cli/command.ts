/** What a command is, and what it may use of the outside. */
import { parseArgs } from 'node:util'
import { AoError } from '../base/errors.ts'

export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** Writes text or bytes; resolves when more may be written. */
  readonly write: (text: string | Uint8Array) => Promise<void>
  readonly writeError: (text: string) => void
  /** Whether errors go to a person, who likes to see how far a long command is. */
  readonly isTerminal: boolean
  /** Resolves with the name of the signal that asks the command to end. */
  readonly untilStopped: () => Promise<string>
}

export interface Command {
  /** The words that call it: `message id`. */
  readonly name: string
  /** What follows the name. */
  readonly usage: string
  readonly summary: string
  /** More about it, several lines. */
  readonly details?: () => string
  /**
   * @throws AoError that is shown as one line; the exit status is 1 then.
   */
  run(args: readonly string[], io: CommandIo): Promise<void>
}

export interface ArgumentSpec {
  /** Flags with a value, and the values they take; empty for any. */
  readonly values?: Readonly<Record<string, readonly string[]>>
  /** Flags without a value. */
  readonly switches?: readonly string[]
  /** How many other words there may be. Default none. */
  readonly words?: number
}

export interface Arguments {
  readonly values: ReadonlyMap<string, string>
  readonly switches: ReadonlySet<string>
  readonly words: readonly string[]
}

/** @throws AoError `invalid-config` for whatever the command does not know. */
export function readArguments(args: readonly string[], spec: ArgumentSpec): Arguments {
  const { values: choices = {}, switches = [], words = 0 } = spec
  const options: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const name of Object.keys(choices)) options[name] = { type: 'string' }
  for (const name of switches) options[name] = { type: 'boolean' }
  const { values, positionals } = parse(args, options)
  if (positionals.length > words) {
    throw usageError(
      `Expected at most ${words} words after the command, got "${positionals.at(-1)}"`,
    )
  }
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') found.set(name, checkChoice(name, value, choices[name] ?? []))
  }
  const on = switches.filter((name) => values[name] === true)
  return { values: found, switches: new Set(on), words: positionals }
}

export function usageError(message: string): AoError {
  return new AoError('invalid-config', message)
}

function parse(args: readonly string[], options: Record<string, { type: 'string' | 'boolean' }>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    const [line = ''] = cause instanceof Error ? cause.message.split('. ') : [String(cause)]
    throw usageError(line.replaceAll("'", '"'))
  }
}

function checkChoice(name: string, value: string, choices: readonly string[]): string {
  if (choices.length === 0 || choices.includes(value)) return value
  throw usageError(`Expected --${name} to be one of ${choices.join(', ')}, got "${value}"`)
}
