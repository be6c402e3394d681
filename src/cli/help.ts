import { nearest } from '../config/nearest.ts'
import { type Command, usageError } from './command.ts'

/** The command `help`, which tells about these commands and itself. */
export function createHelp(others: readonly Command[]): Command {
  const help: Command = {
    name: 'help',
    usage: '[COMMAND]',
    summary: 'Tells about a command, or lists them all',
    async run(args, io) {
      await io.write(args.length === 0 ? overview([...others, help]) : about(args, others))
    },
  }
  return help
}

/** An error that names the nearest command. */
export function unknownCommand(args: readonly string[], commands: readonly Command[]): Error {
  const words = args.slice(0, 2).join(' ')
  const names = commands.map(({ name }) => name)
  const near = nearest(words, names) ?? nearest(args[0] ?? '', names)
  const advice = near === undefined ? '' : `; did you mean ${near}?`
  return usageError(`Unknown command: ${words}${advice}`)
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `Usage: ao-scheduler COMMAND [options]

${rows.join('\n')}

ao-scheduler help COMMAND tells more about each.
`
}

function about(args: readonly string[], commands: readonly Command[]): string {
  const command = commands.find(({ name }) => name === args.join(' '))
  if (command === undefined) throw unknownCommand(args, commands)
  const { name, usage, summary, details } = command
  const more = details === undefined ? '' : `\n${details()}\n`
  return `Usage: ao-scheduler ${`${name} ${usage}`.trim()}\n\n${summary}.\n${more}`
}
