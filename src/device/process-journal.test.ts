import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createComputedStates } from '../cache/computed-states.ts'
import { createMessage } from '../message/create-message.ts'
import { createFailingStore, diskFull } from '../store/failing-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { StateJournal } from './process-journal.ts'

const PROCESS = 'P'.repeat(43)

function entry(slot: number) {
  return { slot, state: createMessage({ 'at-slot': slot }) }
}

/** A journal whose writes wait until they are let through, or fail. */
function setup() {
  const gates: PromiseWithResolvers<void>[] = []
  const store = createFailingStore(createMemoryStore(), {
    beforeCommit: () => {
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      return gate.promise
    },
  })
  const states = createComputedStates(store)
  return { gates, states, journal: new StateJournal(states, PROCESS) }
}

describe('StateJournal', () => {
  test('reads what is not written yet, and writes all that waited at once', async () => {
    const { gates, states, journal } = setup()
    for (const slot of [0, 1, 2]) journal.store(entry(slot))
    assert.equal((await journal.read(2))?.get('at-slot'), 2)
    assert.equal(await states.read(PROCESS, 2), undefined)
    assert.equal(journal.isWritten, false)
    while (!journal.isWritten) {
      for (const gate of gates) gate.resolve()
      await new Promise(setImmediate)
    }
    assert.ok(gates.length <= 2, `${gates.length} writes`)
    assert.equal((await states.read(PROCESS, 2))?.get('at-slot'), 2)
  })

  test('a failed write takes all that came after it along, and is told once', async () => {
    const { gates, states, journal } = setup()
    for (const slot of [0, 1, 2]) journal.store(entry(slot))
    gates[0]?.reject(diskFull())
    await journal.written()
    journal.store(entry(3))
    assert.deepEqual(
      await Promise.all([0, 1, 2, 3].map((slot) => journal.read(slot))),
      Array.from({ length: 4 }, () => undefined),
    )
    assert.match(String(journal.takeFailure()?.error), /no space left/)
    assert.equal(journal.takeFailure(), undefined)
    journal.store(entry(0))
    gates.at(-1)?.resolve()
    await journal.written()
    assert.equal((await states.read(PROCESS, 0))?.get('at-slot'), 0)
  })

  test('writes what comes in the very turn in which it has written all', async () => {
    const states = createComputedStates(createMemoryStore())
    const journal = new StateJournal(states, PROCESS)
    // One microtask later each time: one of them comes where the writing ends.
    for (let turns = 0; turns < 30; turns++) {
      journal.store(entry(2 * turns))
      for (let turn = 0; turn < turns; turn++) await undefined
      journal.store(entry(2 * turns + 1))
      await journal.written()
      assert.ok(await states.read(PROCESS, 2 * turns + 1), `after ${turns} turns`)
    }
  })

  test('lets who computes wait when too many states wait for their write', async () => {
    const { gates, journal } = setup()
    for (let slot = 0; slot < 64; slot++) journal.store(entry(slot))
    let isReady = false
    const ready = journal.ready().then(() => {
      isReady = true
    })
    await new Promise(setImmediate)
    assert.equal(isReady, false)
    while (!isReady) {
      for (const gate of gates) gate.resolve()
      await new Promise(setImmediate)
    }
    await ready
  })
})
