import { type VerifySource, verify } from '../node/message-tools.ts'
import { type Command, readArguments } from './command.ts'
import { answerLines } from './json-lines.ts'

const SOURCES: readonly VerifySource[] = ['typed', 'httpsig', 'ans104']

export const messageVerifyCommand: Command = {
  name: 'message verify',
  usage: `[--from ${SOURCES.join('|')}]`,
  summary: 'Whether the signatures of each message on the standard input hold',
  details: () => `Reads one message a line and writes true or false for each.

  --from typed    messages in the typed notation (default)
  --from httpsig  {"headers": {...} or [[name, value], ...], "body_b64": text or null}
  --from ans104   data items in base64url, as JSON strings`,
  async run(args, io) {
    const { values } = readArguments(args, { values: { from: SOURCES } })
    const from = SOURCES.find((source) => source === values.get('from')) ?? 'typed'
    await answerLines(io, (json) => verify(json, from))
  },
}
