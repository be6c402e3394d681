import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createWriteGate } from './write-gate.ts'

/** Longer than any test may take: what is written was not let through by the time. */
const FOR_EVER = { maxWaitMs: 600_000, busyFrom: 2 }

function createLog() {
  const written: string[] = []
  const write = (name: string) => async (): Promise<string> => {
    written.push(name)
    return name
  }
  return { written, write }
}

test('a gate lets a message through that is alone, and gives what its write gives', async () => {
  const { write } = createLog()
  const gate = createWriteGate({ underWay: () => 1 }, FOR_EVER)
  assert.equal(await gate.run(1, write('a')), 'a')
  const failed = gate.run(1, async () => {
    throw new Error('Full')
  })
  await assert.rejects(failed, /Full/)
  assert.equal(await gate.run(1, write('b')), 'b')
})

test('a gate holds assignments while others are signed, until there are enough', async () => {
  const { written, write } = createLog()
  const gate = createWriteGate({ underWay: () => 10 }, { ...FOR_EVER, enough: 3 })
  const runs = [gate.run(1, write('a')), gate.run(1, write('b'))]
  await setImmediate()
  assert.equal(written.join(), '')
  runs.push(gate.run(1, write('c')))
  await Promise.all(runs)
  assert.equal(written.join(), 'a,b,c')
})

test('a gate opens when too few are left without a signature, not counting what is written', async () => {
  const { written, write } = createLog()
  const gate = createWriteGate({ underWay: () => 5 }, FOR_EVER)
  const { promise, resolve } = Promise.withResolvers<void>()
  const runs = [
    gate.run(2, async () => {
      written.push('a')
      await promise
    }),
  ]
  await setImmediate()
  assert.equal(written.join(), '')
  runs.push(gate.run(2, async () => void written.push('b')))
  await setImmediate()
  assert.equal(written.join(), 'a,b')
  // Two of the five are still being written.
  runs.push(gate.run(2, async () => void written.push('c')))
  await setImmediate()
  assert.equal(written.join(), 'a,b,c')
  resolve()
  await Promise.all(runs)
  const last = gate.run(1, write('d'))
  await setImmediate()
  assert.equal(written.join(), 'a,b,c')
  const others = gate.run(3, write('e'))
  await Promise.all([last, others])
})

test('a gate opens when the first has waited long enough', async () => {
  const { write } = createLog()
  const gate = createWriteGate({ underWay: () => 1_000 }, { maxWaitMs: 1, busyFrom: 2 })
  assert.equal(await gate.run(1, write('a')), 'a')
})
