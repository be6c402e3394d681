/** One line of JSON in, one line of JSON out, for as many lines as come. */
import { AoError, isAoError } from '../base/errors.ts'
import { splitLines } from '../base/lines.ts'
import type { CommandIo } from './command.ts'

/**
 * Answers each line of the standard input, in order. What cannot be answered becomes
 * `{"error": code, "message": text}` in its place; empty lines are skipped.
 */
export async function answerLines(
  io: CommandIo,
  answer: (json: unknown) => unknown,
): Promise<void> {
  for await (const line of splitLines(io.stdin)) {
    if (line.trim() !== '') await io.write(`${JSON.stringify(await answerLine(line, answer))}\n`)
  }
}

async function answerLine(line: string, answer: (json: unknown) => unknown): Promise<unknown> {
  try {
    return await answer(parseLine(line))
  } catch (error) {
    const code = isAoError(error) ? error.code : 'internal'
    return { error: code, message: error instanceof Error ? error.message : String(error) }
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new AoError('invalid-encoding', 'Expected one JSON value on a line', {}, cause)
  }
}
