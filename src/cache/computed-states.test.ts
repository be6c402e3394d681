import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertSameValue } from '../../test/arbitrary-message.ts'
import { createMessage } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createComputedStates, type StateEntry } from './computed-states.ts'

const PROCESS = 'P'.repeat(43)

function stateAt(slot: number): Message {
  return createMessage({ 'at-slot': slot, text: `slot ${slot}`, same: { deep: ['x', 1] } })
}

/** States of slots from 0 on, each but every `whole`th as changes of the one before. */
function entries(count: number, whole = 1_000): StateEntry[] {
  return Array.from({ length: count }, (_, slot) => ({
    ...{ slot, state: stateAt(slot) },
    ...(slot % whole === 0 ? {} : { before: stateAt(slot - 1) }),
  }))
}

describe('createComputedStates()', () => {
  test('gives the state of each slot, stored whole or as changes', async () => {
    const states = createComputedStates(createMemoryStore())
    const all = entries(200, 90)
    for (let at = 0; at < all.length; at += 7) await states.write(PROCESS, all.slice(at, at + 7))
    for (const slot of [0, 1, 63, 64, 65, 89, 90, 154, 155, 199]) {
      const state = await states.read(PROCESS, slot)
      assert.ok(state, `${slot}`)
      assertSameValue(state, stateAt(slot))
    }
    assert.equal(await states.read(PROCESS, 200), undefined)
    assert.equal(await states.read('Q'.repeat(43), 0), undefined)
  })

  test('finds the newest state up to a slot', async () => {
    const states = createComputedStates(createMemoryStore())
    assert.equal(await states.latest(PROCESS), undefined)
    await states.write(PROCESS, entries(12))
    const found = [undefined, 100, 11, 10, 9, 0, -1].map((upTo) => states.latest(PROCESS, upTo))
    assert.deepEqual(await Promise.all(found), [11, 11, 11, 10, 9, 0, undefined])
  })

  test('finds the newest snapshot up to a slot, with its state', async () => {
    const states = createComputedStates(createMemoryStore())
    assert.equal(await states.restorePoint(PROCESS), undefined)
    const snapshots = new Map([2, 9].map((slot) => [slot, createMessage({ memory: `of ${slot}` })]))
    const all = entries(12).map((entry) => {
      const snapshot = snapshots.get(entry.slot)
      return snapshot === undefined ? entry : { ...entry, snapshot }
    })
    await states.write(PROCESS, all)
    for (const [upTo, slot] of [
      [100, 9],
      [9, 9],
      [8, 2],
      [2, 2],
    ] as const) {
      const point = await states.restorePoint(PROCESS, upTo)
      assert.equal(point?.slot, slot)
      assert.equal(point?.snapshot.get('memory'), `of ${slot}`)
      assert.equal(point?.state.get('text'), `slot ${slot}`)
    }
    assert.equal(await states.restorePoint(PROCESS, 1), undefined)
    assert.equal(await states.restorePoint(PROCESS, -1), undefined)
  })

  test('a state that lacks what it was made from is an error, and no other state', async () => {
    const store = createMemoryStore()
    const states = createComputedStates(store)
    await states.write(PROCESS, entries(8))
    const path = `computed/${PROCESS}/slot/${'3'.padStart(16, '0')}`
    await store.commit([{ kind: 'delete', path }])
    await assert.rejects(states.read(PROCESS, 5), { code: 'store-failed' })
    assert.equal((await states.read(PROCESS, 2))?.get('at-slot'), 2)
  })
})
