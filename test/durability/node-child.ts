/**
 * A node in a process of its own, to be killed: prints one line with its URL and address, and stops
 * on SIGTERM. Options of the node come as JSON in the first argument.
 */

import { counterDevice } from '../../examples/counter-device.ts'
import type { NodeConfig } from '../../src/config/options.ts'
import { walletFromJwk } from '../../src/crypto/local-wallet.ts'
import { startNode } from '../../src/node/node.ts'
import { fanOut, pingPong } from '../push-devices.ts'
import { readVectorFile } from '../vectors.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as Partial<NodeConfig>
const wallet = walletFromJwk(readVectorFile('wallet'))
const node = await startNode(options, {
  wallets: [wallet],
  devices: [counterDevice, fanOut, pingPong],
})
process.stdout.write(`${JSON.stringify({ url: node.url, address: node.address })}\n`)
process.once('SIGTERM', () => {
  node.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
