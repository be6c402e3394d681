import { idOf } from '../node/message-tools.ts'
import { type Command, readArguments } from './command.ts'
import { answerLines } from './json-lines.ts'

export const messageIdCommand: Command = {
  name: 'message id',
  usage: '[--committers all|none]',
  summary: 'The id of each message on the standard input',
  details: () => `Reads messages in the typed notation, one a line, and writes an id for each.

  --committers all   the id that covers all signatures (default); without any as none
  --committers none  the id of the content alone`,
  async run(args, io) {
    const { values } = readArguments(args, { values: { committers: ['all', 'none'] } })
    const committers = values.get('committers') === 'none' ? 'none' : 'all'
    await answerLines(io, (json) => idOf(json, committers))
  },
}
