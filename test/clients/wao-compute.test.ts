/** The `HB` class of `wao` 0.35.7 against processes that have states. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HB } from 'wao'
import { counterDevice } from '../../examples/counter-device.ts'
import { startUnit } from '../compute-unit-stub.ts'
import { clientJwk, startClientNode } from './client-node.ts'

/** It reads nested messages where they stand. */
const OPTIONS = { serializeInline: true }

interface State {
  readonly count: number
  readonly 'at-slot': number
  readonly results: { readonly data: string }
}

test('compute(), now() and computeAOS() read what a device made', async (t) => {
  const { url } = await startClientNode(t, OPTIONS, { devices: [counterDevice] })
  const hb = await new HB({ url }).init(clientJwk())
  const { pid } = await hb.spawn({ 'execution-device': 'counter@1.0' })
  const { pid: target } = await hb.spawn({ 'execution-device': 'counter@1.0' })
  await hb.schedule({ pid, tags: { action: 'Increment', by: 2 } })
  await hb.schedule({ pid, tags: { action: 'Forward', to: target } })
  const state = (await hb.compute({ pid, slot: 1 })) as State
  assert.deepEqual([state.count, state['at-slot'], state.results.data], [2, 1, '2'])
  const count = await hb.compute({ pid, slot: 1, path: 'count' })
  assert.deepEqual(count, { 'ao-result': 'body', body: 2 })
  const outbox = (await hb.computeAOS({ pid, slot: 2 })) as { '1': { target: string } }
  assert.equal(outbox['1'].target, target)
  assert.equal(((await hb.now({ pid })) as State)['at-slot'], 2)
  const data = await hb.now({ pid, path: '/results/data' })
  assert.deepEqual(data, { 'ao-result': 'body', body: 'Sent' })
})

test('computeLegacy() reads what a compute unit said', async (t) => {
  const unit = await startUnit(t)
  const { url } = await startClientNode(t, { ...OPTIONS, computeUnitUrl: unit.url }, { fetch })
  const hb = await new HB({ url }).init(clientJwk())
  const { pid } = await hb.spawnLegacy()
  await hb.schedule({ pid, tags: { Action: 'Increment' } })
  const { Output } = (await hb.computeLegacy({ pid, slot: 1 })) as { Output: { data: string } }
  assert.equal(Output.data, '1')
})
