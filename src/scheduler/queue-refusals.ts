/** Why a message gets no slot, in words for its sender: the same wherever it waits. */
import { AoError } from '../base/errors.ts'

export function stopping(): AoError {
  return new AoError('unavailable', 'The node is stopping; send the message again later')
}

export function queueFull(processId: string, limit: number): AoError {
  const reason = 'Too many messages wait for this process; try again later'
  return new AoError('overloaded', reason, { process: processId, limit })
}

export function waitedTooLong(options: {
  readonly processId: string
  readonly timeoutMs: number
}): AoError {
  const { processId, timeoutMs } = options
  const reason = 'The message waited too long for its slot and has none; try again later'
  return new AoError('overloaded', reason, { process: processId, timeoutMs })
}
