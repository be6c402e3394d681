import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ComputeWaits } from './compute-waits.ts'

const RECURSION = { code: 'infinite-recursion' }
const nothing = async (): Promise<void> => undefined

test('ComputeWaits refuses a process that waits for itself, also through others', async () => {
  const waits = new ComputeWaits()
  await assert.rejects(
    waits.computing('a', () => waits.waiting('a', nothing)),
    RECURSION,
  )
  const gate = Promise.withResolvers<void>()
  const a = waits.computing('a', () => waits.waiting('b', () => gate.promise))
  const b = waits.computing('b', () => waits.waiting('c', () => gate.promise))
  await assert.rejects(
    waits.computing('c', () => waits.waiting('a', nothing)),
    RECURSION,
  )
  await waits.computing('d', () => waits.waiting('a', nothing))
  await waits.waiting('a', nothing)
  gate.resolve()
  await Promise.all([a, b])
  await waits.computing('c', () => waits.waiting('a', nothing))
})

test('ComputeWaits counts nothing that goes on after a computation', async () => {
  const waits = new ComputeWaits()
  const gate = Promise.withResolvers<void>()
  let left: Promise<void> | undefined
  await waits.computing('a', async () => {
    left = gate.promise.then(() => waits.waiting('a', nothing))
  })
  gate.resolve()
  await left
})
