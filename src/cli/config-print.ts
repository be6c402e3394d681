import { formatConfig } from '../config/describe-config.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Command } from './command.ts'

export const configPrintCommand: Command = {
  name: 'config print',
  usage: '[--config FILE] [flags of start]',
  summary: 'Prints every option, its value, and where the value came from',
  details: () => 'With --json it prints an object that can be used as a configuration file.',
  async run(args, io) {
    const loaded = loadConfig({ argv: args.filter((word) => word !== '--json') })
    const isJson = args.includes('--json')
    const text = isJson ? JSON.stringify(loaded.config, undefined, 2) : formatConfig(loaded)
    await io.write(`${text}\n`)
  },
}
