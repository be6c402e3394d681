/**
 * Makes a signed ANS-104 data item for curl, with arbundles, as any client of AO could:
 *
 *   npx node examples/sign-item.ts WALLET.json [--target ID] [--data TEXT] Name=Value ... > item
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ArweaveSigner, createData } from 'arbundles'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { target: { type: 'string' }, data: { type: 'string', default: '' } },
})
const [walletFile = '', ...pairs] = positionals
const tags = pairs.map((pair) => {
  const [name = '', ...value] = pair.split('=')
  return { name, value: value.join('=') }
})
const signer = new ArweaveSigner(JSON.parse(readFileSync(walletFile, 'utf8')))
const target = values.target === undefined ? {} : { target: values.target }
const item = createData(values.data, signer, { ...target, tags })
await item.sign(signer)
process.stdout.write(item.getRaw())
