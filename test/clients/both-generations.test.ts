/** Clients of both generations on one node: aoconnect with data items, WAO with HTTP signatures. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, createSigner } from '@permaweb/aoconnect'
import { HB } from 'wao'
import { assertBytes, checkedMessages } from './check-schedule.ts'
import {
  BYTES,
  COMMITMENT_SPECS,
  clientAddress,
  clientJwk,
  MANY_LINES,
  ONE_LINE,
  startClientNode,
} from './client-node.ts'

const MODULE = 'ISShJH1ij-hPPt9St5UFFr_8Ys3Kj5cyg7zrMGt7H9s'

for (const assignmentCommitment of COMMITMENT_SPECS) {
  test(`both write to each other's processes, signed as ${assignmentCommitment}`, async (t) => {
    const node = await startClientNode(t, { assignmentCommitment })
    const ao = connect({ MODE: 'mainnet', URL: node.url, signer: createSigner(clientJwk()) })
    const hb = await new HB({ url: node.url }).init(clientJwk())
    const signer = clientAddress()
    const { pid } = await hb.spawn()
    const process = await ao.spawn({ module: MODULE, data: ONE_LINE })
    for (const target of [pid, process]) {
      assert.equal((await hb.schedule({ pid: target, data: ONE_LINE })).slot, 1)
      assert.equal(await ao.message({ process: target, data: MANY_LINES }), 2)
      assert.equal(await ao.message({ process: target, data: BYTES }), 3)
      assert.equal((await hb.slot({ pid: target })).current, 3)
      const messages = await checkedMessages(node, target, { signer })
      assertBytes(messages[1], ONE_LINE)
      assertBytes(messages[2], MANY_LINES)
      assertBytes(messages[3], BYTES)
      const { edges } = await hb.messages({ pid: target })
      const data = edges.slice(1).map((edge) => edge.node.message.Data)
      assert.deepEqual(data, [ONE_LINE, MANY_LINES, null])
    }
  })
}

test('both write to one process at once and each gets slots of its own', async (t) => {
  const node = await startClientNode(t)
  const ao = connect({ MODE: 'mainnet', URL: node.url, signer: createSigner(clientJwk()) })
  const hb = await new HB({ url: node.url }).init(clientJwk())
  const { pid } = await hb.spawn()
  const sent = Array.from({ length: 6 }, (_, n) => [
    hb.schedule({ pid, data: `wao ${n}` }).then(({ slot }) => ({ slot, data: `wao ${n}` })),
    ao
      .message({ process: pid, data: `ao ${n}` })
      .then((slot: number) => ({ slot, data: `ao ${n}` })),
  ])
  const answers = await Promise.all(sent.flat())
  const messages = await checkedMessages(node, pid, { signer: clientAddress() })
  assert.equal(messages.length, 13)
  for (const { slot, data } of answers) assertBytes(messages[slot], data)
})
