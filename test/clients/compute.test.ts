/**
 * aoconnect 0.0.98 and 0.0.85 against processes that the node itself computes with devices in
 * TypeScript, and against one that a compute unit computes.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { connect, createSigner } from '@permaweb/aoconnect'
import { connect as connect85, createSigner as createSigner85 } from 'aoconnect85'
import { balanceDevice } from '../../examples/balance-device.ts'
import { counterDevice } from '../../examples/counter-device.ts'
import { startUnit } from '../compute-unit-stub.ts'
import { bodyOf, readSchedule } from '../node-kit.ts'
import { clientAddress, clientJwk, startClientNode } from './client-node.ts'

const MODULE = 'ISShJH1ij-hPPt9St5UFFr_8Ys3Kj5cyg7zrMGt7H9s'

type Tags = Readonly<Record<string, string>>

interface LegacyMessage {
  readonly Target: string
  readonly Tags: readonly { readonly name: string; readonly value: string }[]
}

async function startProcess(t: TestContext, device: string, keys: Tags = {}) {
  const node = await startClientNode(t, {}, { devices: [counterDevice, balanceDevice] })
  const ao = connect({ MODE: 'mainnet', URL: node.url, signer: createSigner(clientJwk()) })
  const process = await ao.spawn({
    module: MODULE,
    tags: tagsOf({ 'execution-device': device, ...keys }),
  })
  const send = (tags: Tags): Promise<unknown> => ao.message({ process, tags: tagsOf(tags) })
  return { node, ao, process, send }
}

function tagsOf(tags: Tags): { name: string; value: string }[] {
  return Object.entries(tags).map(([name, value]) => ({ name, value }))
}

test('message(), result() and results() tell what a device made of each message', async (t) => {
  const { ao, process, send } = await startProcess(t, 'counter@1.0')
  for (let n = 1; n <= 3; n++) assert.equal(await send({ Action: 'Increment' }), n)
  for (let slot = 1; slot <= 3; slot++) {
    const { Output, Messages, Spawns } = await ao.result({ process, slot })
    assert.deepEqual([Output.data, Messages, Spawns], [`${slot}`, [], []])
  }
  const { edges } = await ao.results({ process })
  assert.deepEqual(
    edges.map(({ cursor, node }) => [cursor, node.Output.data]),
    [['3', '3']],
  )
})

test('message() with fullResponse tells the result of its slot at once', async (t) => {
  const { ao, process } = await startProcess(t, 'counter@1.0')
  const opts = { fullResponse: true }
  const tags = tagsOf({ Action: 'Increment', By: '5' })
  const { Output } = await ao.message({ process, tags, opts })
  assert.equal(Output.data, '5')
})

test('dryrun() computes on the newest state and changes nothing', async (t) => {
  const { ao, process, send } = await startProcess(t, 'counter@1.0')
  await send({ Action: 'Increment', By: '-4' })
  // Scheduled only: nobody has computed it when it counts.
  const path = `/${process}~process@1.0/schedule`
  const scheduled = {
    type: 'Message',
    Type: 'Message',
    target: process,
    action: 'Increment',
    by: '5',
  }
  const { ok } = await ao.request({
    path,
    method: 'POST',
    'signing-format': 'ans104',
    ...scheduled,
  })
  assert.ok(ok)
  const tags = tagsOf({ Action: 'Increment', By: '41' })
  for (let n = 0; n < 2; n++) {
    const { Output } = await ao.dryrun({ process, tags })
    assert.equal(Output.data, '42')
  }
  const { Output } = await ao.dryrun({ process, tags: tagsOf({ Action: 'Get' }) })
  assert.equal(Output.data, '1')
})

test('result() has the messages that a device sends, and its errors', async (t) => {
  const supply = { Supply: '100' }
  const { ao, process, send } = await startProcess(t, 'balance@1.0', supply)
  const slot = Number(await send({ Action: 'Transfer', Recipient: 'bob', Quantity: '30' }))
  const { Output, Messages } = await ao.result({ process, slot })
  assert.equal(Output.data, 'Sent 30 to bob')
  assert.deepEqual(
    Messages.map(({ Target, Tags }: LegacyMessage) => [
      Target,
      Tags.find(({ name }) => name === 'action')?.value,
    ]),
    [
      [clientAddress(), 'Debit-Notice'],
      ['bob', 'Credit-Notice'],
    ],
  )
  const refused = Number(await send({ Action: 'Transfer', Recipient: 'bob', Quantity: '71' }))
  const { Error: reason } = await ao.result({ process, slot: refused })
  assert.equal(reason, 'The balance is lower than the Quantity')
  const balance = await ao.dryrun({
    process,
    tags: tagsOf({ Action: 'Balance', Recipient: 'bob' }),
  })
  assert.equal(balance.Output.data, '30')
})

test('message() pushes on what a device sends, and the target tells it', async (t) => {
  const { node, ao, process, send } = await startProcess(t, 'counter@1.0')
  const target = await ao.spawn({
    module: MODULE,
    tags: tagsOf({ 'execution-device': 'counter@1.0' }),
  })
  const slot = Number(await send({ Action: 'Forward', To: target }))
  const { Messages } = await ao.result({ process, slot })
  assert.deepEqual(
    Messages.map(({ Target }: LegacyMessage) => Target),
    [target],
  )
  const { Output } = await ao.result({ process: target, slot: 1 })
  assert.equal(Output.data, '1')
  const [, received] = await readSchedule(node.url, target)
  assert.ok(received)
  assert.equal(bodyOf(received).get('from-process'), process)
})

test('message(), result() and dryrun() work where a compute unit computes', async (t) => {
  const unit = await startUnit(t)
  const node = await startClientNode(t, { computeUnitUrl: unit.url }, { fetch })
  const ao = connect({ MODE: 'mainnet', URL: node.url, signer: createSigner(clientJwk()) })
  // Its execution device is the one that aoconnect names: genesis-wasm@1.0.
  const process = await ao.spawn({ module: MODULE })
  const tags = tagsOf({ Action: 'Increment' })
  for (let n = 1; n <= 2; n++) {
    assert.equal(await ao.message({ process, tags }), n)
    const { Output, Messages } = await ao.result({ process, slot: n })
    assert.deepEqual([Output.data, Messages], [`${n}`, []])
  }
  const { Output } = await ao.dryrun({ process, tags })
  assert.equal(Output.data, '3')
  assert.equal((await ao.results({ process })).edges[0]?.node.Output.data, '2')
})

for (const signingFormat of ['HTTP', 'ANS-104']) {
  test(`aoconnect 0.0.85 pushes and reads results as ${signingFormat}`, async (t) => {
    const node = await startClientNode(t, {}, { devices: [counterDevice] })
    const client = connect85({
      MODE: 'mainnet',
      URL: node.url,
      signer: createSigner85(clientJwk()),
    })
    const post = async (path: string, fields: object): Promise<Tags> => {
      const reply: unknown = await client.request({
        path,
        method: 'POST',
        signingFormat,
        ...fields,
      })
      return reply as Tags
    }
    const isItem = signingFormat === 'ANS-104'
    const { process = '' } = await post(isItem ? '/push' : '/~process@1.0/schedule', {
      ...(isItem ? { Type: 'Process', Variant: 'ao.N.1' } : { type: 'Process' }),
      ...{ device: 'process@1.0', 'execution-device': 'counter@1.0', scheduler: node.address },
    })
    for (let n = 1; n <= 2; n++) {
      const pushed = await post(`/${process}~process@1.0/push`, {
        ...(isItem ? { Type: 'Message' } : { type: 'Message' }),
        ...{ target: process, action: 'Increment', by: '20' },
      })
      assert.equal(pushed.slot, `${n}`)
      const path = `/${process}~process@1.0/compute&slot=${n}/results/data`
      const read: unknown = await client.request({ path, method: 'GET' })
      assert.equal((read as { body: string }).body, `${20 * n}`)
    }
  })
}

test('a stack that aoconnect spawns names its devices in one tag', async (t) => {
  const { ao, process, send } = await startProcess(t, 'stack@1.0', {
    'device-stack': 'dedup@1.0, counter@1.0, multipass@1.0',
    passes: '2',
  })
  assert.equal(await send({ Action: 'Increment' }), 1)
  const { Output } = await ao.result({ process, slot: 1 })
  assert.equal(Output.data, '2')
})
