/** Data items made with `arbundles`, by each kind of signer, posted as they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArweaveSigner, createData, EthereumSigner, type Signer, SolanaSigner } from 'arbundles'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { assertBytes, checkedMessages } from './check-schedule.ts'
import {
  BYTES,
  type ClientNode,
  clientJwk,
  MANY_LINES,
  ONE_LINE,
  startClientNode,
} from './client-node.ts'

/** Keys of nobody: the private key 1, and the seed of 32 ones with its public key. */
const ETHEREUM_KEY = `${'0'.repeat(63)}1`
const ETHEREUM_ADDRESS = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'
const SOLANA_KEY =
  '2AXDGYSE4f2sz7tvMMzyHvUfcoJmxudvdhBcmiUSo6iuCXagjUCKEQF21awZnUGxmwD4m9vGXuC3qieHXJQHAcT'

interface Kind {
  readonly name: string
  readonly create: () => Signer
  /** Address of the signer; not known beforehand where it is a hash of the key. */
  readonly address?: string
}

const KINDS: readonly Kind[] = [
  { name: 'ArweaveSigner', create: () => new ArweaveSigner(clientJwk() as never) },
  {
    name: 'EthereumSigner',
    create: () => new EthereumSigner(ETHEREUM_KEY),
    address: ETHEREUM_ADDRESS,
  },
  { name: 'SolanaSigner', create: () => new SolanaSigner(SOLANA_KEY) },
]

for (const { name, create, address } of KINDS) {
  test(`items of ${name} are scheduled byte for byte`, async (t) => {
    const node = await startClientNode(t)
    const signer = create()
    const spawned = await sign(signer, MANY_LINES, [
      { name: 'Type', value: 'Process' },
      { name: 'Scheduler', value: node.address },
      { name: 'device', value: 'process@1.0' },
    ])
    const { process, slot } = await post(node, '/~scheduler@1.0/schedule', spawned)
    assert.equal(slot, 0)
    const items = [spawned]
    for (const data of [ONE_LINE, MANY_LINES, BYTES]) {
      const item = await sign(signer, data, [{ name: 'Type', value: 'Message' }], process)
      items.push(item)
      assert.equal((await post(node, `/${process}/schedule`, item)).slot, items.length - 1)
    }
    const owner = await ownerOf(node, process)
    if (address !== undefined) assert.equal(owner, address)
    const messages = await checkedMessages(node, process, { signer: owner })
    assert.deepEqual(
      messages.map((message) => Buffer.from(encodeAns104(message))),
      items,
    )
    assertBytes(messages[3], BYTES)
  })
}

test('an item that was changed after it was signed is refused', async (t) => {
  const node = await startClientNode(t)
  const item = await sign(new ArweaveSigner(clientJwk() as never), ONE_LINE, [
    { name: 'Type', value: 'Process' },
    { name: 'Scheduler', value: node.address },
  ])
  item[item.length - 1] = 0
  const reply = await send(node, '/~scheduler@1.0/schedule', item)
  assert.equal(reply.status, 400)
  assert.match(await reply.text(), /signatures verify/)
})

type Tags = { name: string; value: string }[]

async function sign(
  signer: Signer,
  data: string | Uint8Array,
  tags: Tags,
  target?: string,
): Promise<Buffer> {
  const item = createData(data, signer, { tags, ...(target === undefined ? {} : { target }) })
  await item.sign(signer)
  return item.getRaw()
}

async function post(node: ClientNode, path: string, item: Buffer): Promise<Assigned> {
  const reply = await send(node, path, item)
  assert.equal(reply.status, 200)
  return (await reply.json()) as Assigned
}

interface Assigned {
  readonly process: string
  readonly slot: number
}

function send({ url }: ClientNode, path: string, item: Buffer): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104', accept: 'application/json' },
    body: new Uint8Array(item),
  })
}

async function ownerOf({ url }: ClientNode, process: string): Promise<string> {
  const page = await fetch(`${url}/${process}/schedule?accept=application/aos-2&to=0`)
  const { edges } = (await page.json()) as { edges: { node: { message: { Owner: string } } }[] }
  return edges[0]?.node.message.Owner ?? ''
}
