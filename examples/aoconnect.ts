/**
 * Starts a process and sends it three messages with aoconnect:
 *
 *   npx node examples/aoconnect.ts WALLET.json [URL]
 */
import { readFileSync } from 'node:fs'
import { connect, createSigner } from '@permaweb/aoconnect'

const [walletFile = '', url = 'http://localhost:8734'] = process.argv.slice(2)
const signer = createSigner(JSON.parse(readFileSync(walletFile, 'utf8')))
const address = await (await fetch(`${url}/~meta@1.0/info/address`)).text()
const ao = connect({ MODE: 'mainnet', URL: url, SCHEDULER: address, signer })

const processId = await ao.spawn({
  module: 'A'.repeat(43),
  tags: [{ name: 'Name', value: 'First' }],
})
console.log('process', processId)
for (const data of ['one', 'two', 'three']) {
  const tags = [{ name: 'Action', value: 'Say' }]
  const slot = await ao.message({ process: processId, tags, data })
  console.log('slot', slot, data)
}
