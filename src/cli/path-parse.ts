import { readPath } from '../node/message-tools.ts'
import { type Command, readArguments } from './command.ts'
import { answerLines } from './json-lines.ts'

export const pathParseCommand: Command = {
  name: 'path parse',
  usage: '',
  summary: 'The steps of each request path on the standard input',
  details: () => `Reads paths, one JSON string a line, and writes the steps of each in the typed
notation, as a GET request would have them.`,
  async run(args, io) {
    readArguments(args, {})
    await answerLines(io, readPath)
  },
}
