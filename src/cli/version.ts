import { VERSION } from '../base/version.ts'
import { type Command, readArguments } from './command.ts'

export const versionCommand: Command = {
  name: 'version',
  usage: '',
  summary: 'Prints the version',
  async run(args, io) {
    readArguments(args, {})
    await io.write(`${VERSION}\n`)
  },
}
