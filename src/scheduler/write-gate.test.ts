import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createWriteGate } from './write-gate.ts'

/** Longer than any test may take: what is let through was not let through by the time. */
const FOR_EVER = { maxWaitMs: 30_000, busyFrom: 2 }

function createNode(options: Parameters<typeof createWriteGate>[1]) {
  const node = { underWay: 0, open: '' }
  const gate = createWriteGate({ underWay: () => node.underWay }, options)
  const wait = (name: string): void => {
    gate.signed()
    void gate.ready().then(() => {
      node.open += name
    })
  }
  return { node, gate, wait }
}

test('a gate lets an assignment through that is alone', async () => {
  const { node, wait } = createNode(FOR_EVER)
  node.underWay = 1
  wait('a')
  await setImmediate()
  assert.equal(node.open, 'a')
})

test('a gate holds assignments while others are signed, until there are enough', async () => {
  const { node, wait } = createNode({ ...FOR_EVER, enough: 3 })
  node.underWay = 10
  wait('a')
  wait('b')
  await setImmediate()
  assert.equal(node.open, '')
  wait('c')
  await setImmediate()
  assert.equal(node.open, 'abc')
})

test('a gate opens when so few are left to sign that a core would wait', async () => {
  const { node, gate, wait } = createNode(FOR_EVER)
  node.underWay = 4
  wait('a')
  gate.signed()
  await setImmediate()
  assert.equal(node.open, '')
  // Of one process all others are signed while the first waits.
  gate.signed()
  await setImmediate()
  assert.equal(node.open, 'a')
})

test('a gate does not wait for what is being written', async () => {
  const { node, gate, wait } = createNode(FOR_EVER)
  node.underWay = 4
  for (let count = 0; count < 3; count++) gate.signed()
  const { promise, resolve } = Promise.withResolvers<string>()
  const written = gate.write(3, () => promise)
  wait('a')
  await setImmediate()
  assert.equal(node.open, 'a')
  resolve('done')
  assert.equal(await written, 'done')
  await assert.rejects(
    gate.write(1, async () => {
      throw new Error('Full')
    }),
    /Full/,
  )
  node.underWay = 5
  wait('b')
  await setImmediate()
  assert.equal(node.open, 'a')
  for (let count = 0; count < 3; count++) gate.signed()
  await setImmediate()
  assert.equal(node.open, 'ab')
})

test('a gate opens when the first has waited long enough', async () => {
  const gate = createWriteGate({ underWay: () => 1_000 }, { maxWaitMs: 1, busyFrom: 2 })
  gate.signed()
  await gate.ready()
})
