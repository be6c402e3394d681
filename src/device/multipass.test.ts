import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { message } from '../../test/resolver-fixture.ts'
import { stackResolver } from '../../test/stack-fixture.ts'
import { createMessage } from '../message/create-message.ts'

describe('multipass@1.0', () => {
  const { call } = stackResolver()

  test('pass before the last pass, ok in it, base unchanged', async () => {
    const base = createMessage({ device: 'multipass@1.0', passes: 2, pass: 1 })
    const first = await call(base, 'Compute')
    assert.equal(first.kind, 'pass')
    assert.deepEqual([...message({ ...first, kind: 'ok' })], [...base])
    assert.equal((await call(base.with([['pass', 2]]), 'Compute')).kind, 'ok')
  })

  test('one pass is the default, counts may be text', async () => {
    assert.equal((await call({ device: 'multipass@1.0' }, 'x')).kind, 'ok')
    assert.equal((await call({ device: 'multipass@1.0', passes: '2' }, 'x')).kind, 'pass')
    assert.equal((await call({ device: 'multipass@1.0', passes: '2', pass: '2' }, 'x')).kind, 'ok')
  })

  test('keys and set are those of the message', async () => {
    const base = { device: 'multipass@1.0', passes: 2 }
    assert.deepEqual((await call(base, 'keys')).value, ['device', 'passes'])
    const changed = message(await call(base, 'set', { a: '1' }))
    assert.equal(changed.get('a'), '1')
  })
})
