import { type ConvertTarget, convert } from '../node/message-tools.ts'
import { type Command, readArguments, usageError } from './command.ts'
import { answerLines } from './json-lines.ts'

const TARGETS: readonly ConvertTarget[] = ['tabm', 'flat', 'json', 'httpsig', 'ans104']

export const messageConvertCommand: Command = {
  name: 'message convert',
  usage: `--to ${TARGETS.join('|')} [--bundle]`,
  summary: 'Each message on the standard input in another encoding',
  details: () => `Reads messages in the typed notation, one a line, and writes each as

  --to tabm     its type-annotated binary message, in the typed notation
  --to flat     its paths and values, in the typed notation
  --to json     the text of json@1.0
  --to httpsig  {"headers": {...}, "body_b64": ...}
  --to ans104   the data item in base64url, unsigned unless the message is signed as one

  --bundle      nested messages inline instead of as links`,
  async run(args, io) {
    const spec = { values: { to: TARGETS }, switches: ['bundle'] }
    const { values, switches } = readArguments(args, spec)
    const to = TARGETS.find((target) => target === values.get('to'))
    if (to === undefined) throw usageError(`Expected --to ${TARGETS.join('|')}`)
    await answerLines(io, (json) => convert(json, { to, bundle: switches.has('bundle') }))
  },
}
