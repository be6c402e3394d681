#!/usr/bin/env node
/**
 * The command line. Each command is a file beside this one; here a command is found by its words,
 * run, and its failure told in one line. Commands do no work of their own: they call `node/`.
 */
import { once } from 'node:events'
import { isAoError } from '../base/errors.ts'
import type { Command, CommandIo } from './command.ts'
import { configPrintCommand } from './config-print.ts'
import { exportCommand } from './export.ts'
import { createHelp, unknownCommand } from './help.ts'
import { importCommand } from './import.ts'
import { messageConvertCommand } from './message-convert.ts'
import { messageIdCommand } from './message-id.ts'
import { messageVerifyCommand } from './message-verify.ts'
import { pathParseCommand } from './path-parse.ts'
import { startCommand } from './start.ts'
import { verifyCommand } from './verify.ts'
import { versionCommand } from './version.ts'
import { walletAddressCommand } from './wallet-address.ts'
import { walletNewCommand } from './wallet-new.ts'

const COMMANDS: readonly Command[] = [
  startCommand,
  walletNewCommand,
  walletAddressCommand,
  configPrintCommand,
  messageIdCommand,
  messageConvertCommand,
  messageVerifyCommand,
  pathParseCommand,
  verifyCommand,
  exportCommand,
  importCommand,
  versionCommand,
]

/** Runs the command that the words name; gives the exit status, 0 or 1. */
export async function runCli(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    const { command, args } = findCommand(argv)
    await command.run(args, io)
    return 0
  } catch (error) {
    io.writeError(`ao-scheduler: ${oneLine(error)}\n`)
    return 1
  }
}

function findCommand(argv: readonly string[]): { command: Command; args: readonly string[] } {
  const help = createHelp(COMMANDS)
  const [first = '--help'] = argv
  if (first === '--version' || first === '-v') return { command: versionCommand, args: [] }
  if (first === '--help' || first === '-h') return { command: help, args: argv.slice(1) }
  const commands = [...COMMANDS, help]
  const command = commands.find(({ name }) => `${argv.join(' ')} `.startsWith(`${name} `))
  if (command === undefined) throw unknownCommand(argv, commands)
  const args = argv.slice(command.name.split(' ').length)
  const asksForHelp = args.includes('--help') || args.includes('-h')
  return asksForHelp ? { command: help, args: [command.name] } : { command, args }
}

function oneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = isAoError(error) && typeof error.context.path === 'string' ? error.context.path : ''
  const suffix = place === '' || error.message.includes(place) ? '' : `: ${place}`
  return `${error.message}${suffix}`.replaceAll(/\s*\n\s*/g, ' ')
}

/** The process: its streams, and its signals, of which a second one ends it at once. */
function processIo(): CommandIo {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read the output has seen enough.
    process.exit(error.code === 'EPIPE' ? 0 : 1)
  })
  return {
    stdin: process.stdin,
    write: async (text) => {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    writeError: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    untilStopped: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) {
          process.once(signal, () => {
            process.once(signal, () => process.exit(1))
            resolve(signal)
          })
        }
      }),
  }
}

/** Runs the command line of this process. */
export async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), processIo())
}

if (import.meta.main) await main()
