import { VERSION } from '../base/version.ts'
import { formatFlags } from '../config/describe-config.ts'
import { loadConfig } from '../config/load-config.ts'
import type { RunningNode } from '../node/node.ts'
import type { Command } from './command.ts'

export const startCommand: Command = {
  name: 'start',
  usage: '[--config FILE] [flags]',
  summary: 'Starts a node and runs it until it is told to stop',
  details:
    () => `Flags beat variables (AO_SCHEDULER_PORT), which beat the file, which beats the defaults.

  --config FILE
      JSON file of options.
${formatFlags()}`,
  async run(args, io) {
    const { config } = loadConfig({ argv: args })
    // Only this command needs server and store; the others start faster without.
    const { startLoggedNode } = await import('../node/logged-node.ts')
    const node = await startLoggedNode(config)
    await io.write(greeting(node))
    const signal = await io.untilStopped()
    io.writeError(`${signal}: stopping\n`)
    await node.stop()
  },
}

function greeting({ url, address, storeName }: RunningNode): string {
  return `ao-scheduler ${VERSION}
  address  ${address}
  url      ${url}
  store    ${storeName}

Try it:
  curl ${url}/~meta@1.0/info/address
  curl -H 'accept: application/json' '${url}/~scheduler@1.0/status?accept-bundle=true'

Stop it with Ctrl-C.
`
}
