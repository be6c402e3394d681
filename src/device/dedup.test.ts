/** HyperBEAM's own cases and ours. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { message } from '../../test/resolver-fixture.ts'
import { appendDevice, stackOf, stackResolver } from '../../test/stack-fixture.ts'
import type { MessageInput } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { Atom } from '../message/value.ts'

const D2 = appendDevice('+D2')
const D3 = appendDevice('+D3')

describe('dedup@1.0', () => {
  const devices = [D2, D3]
  const stack = ['dedup@1.0', 'append+D2@1.0', 'append+D3@1.0']

  test('lets each request through once', async () => {
    const { call } = stackResolver({ devices })
    let state: MessageInput | Message = stackOf(stack, { 'dedup-subject': 'request' })
    for (const bin of ['_', '_', '/', '/']) state = message(await call(state, 'append', { bin }))
    assert.equal((state as Message).get('result'), 'INIT+D2_+D3_+D2/+D3/')
  })

  test('does not hinder the passes of one request', async () => {
    const { call } = stackResolver({ devices })
    const keys = { 'dedup-subject': 'request', passes: 2 }
    let state: MessageInput | Message = stackOf([...stack, 'multipass@1.0'], keys)
    for (const bin of ['_', '_', '/', '/']) state = message(await call(state, 'append', { bin }))
    assert.equal((state as Message).get('result'), 'INIT+D2_+D3_+D2_+D3_+D2/+D3/+D2/+D3/')
  })

  test('takes the body by default, and a request without one again and again', async () => {
    const { call } = stackResolver({ devices: [D2] })
    const base = stackOf(['dedup@1.0', 'append+D2@1.0'])
    const once = message(await call(base, 'append', { bin: 'x', body: { a: '1' } }))
    const twice = message(await call(once, 'append', { bin: 'y', body: { a: '1' } }))
    assert.equal(twice.get('result'), 'INIT+D2x')
    const free = message(await call(twice, 'append', { bin: 'z' }))
    assert.equal(free.get('result'), 'INIT+D2x+D2z')
    assert.equal(
      message(await call(free, 'append', { bin: 'a', body: 'text' })).get('result'),
      'INIT+D2x+D2z+D2a',
    )
  })

  test('answers skip where it stands alone, newest id first', async () => {
    const { call } = stackResolver()
    const base = { device: 'dedup@1.0' }
    const one = message(await call(base, 'x', { body: 'one' }))
    const two = message(await call(one, 'x', { body: 'two' }))
    assert.equal((two.get('dedup') as readonly string[]).length, 2)
    assert.equal((await call(two, 'x', { body: 'one' })).kind, 'skip')
    assert.equal((await call({ ...base, flag: true }, 'keys')).kind, 'ok')
    assert.deepEqual(two.get('missing'), undefined)
    assert.ok(!(two.get('dedup') instanceof Atom))
  })
})
