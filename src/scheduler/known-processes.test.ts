import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertSameValue } from '../../test/arbitrary-message.ts'
import { createMessage } from '../message/create-message.ts'
import { unsignedId } from '../message/id.ts'
import { createKnownProcesses } from './known-processes.ts'

describe('createKnownProcesses()', () => {
  const process = createMessage({ type: 'Process', scheduler: 'A'.repeat(43), data: 'x' })
  const facts = createMessage({ type: 'Process', scheduler: 'A'.repeat(43) })

  it('reads a process once and keeps what the scheduler obeys', async () => {
    let reads = 0
    const readProcess = createKnownProcesses(async () => {
      reads++
      return process
    })
    const id = unsignedId(process)
    assertSameValue((await readProcess(id)) ?? '', facts)
    assertSameValue((await readProcess(id)) ?? '', facts)
    assert.equal(reads, 1)
  })

  it('keeps nothing under an id that is not that of the content, nor that there is nothing', async () => {
    const ids: string[] = []
    const readProcess = createKnownProcesses(async (id) => {
      ids.push(id)
      return id === 'alias' ? process : undefined
    })
    for (const id of ['alias', 'alias', 'unknown', 'unknown']) await readProcess(id)
    assert.deepEqual(ids, ['alias', 'alias', 'unknown', 'unknown'])
  })
})
