/** HyperBEAM's own cases and ours. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { message } from '../../test/resolver-fixture.ts'
import { stackResolver } from '../../test/stack-fixture.ts'
import { commitMessage } from '../codec/commit.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { formatTyped } from '../message/typed-notation.ts'
import { Link } from '../message/value.ts'

const { call } = stackResolver()

function plain(value: unknown): unknown {
  if (value instanceof Message) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]))
  return Array.isArray(value) ? value.map(plain) : value
}

const apples = { method: 'PATCH', prices: { apple: 100, banana: 200 } }
const other = { method: 'GET', prices: { apple: 1000 } }

describe('patch@1.0/compute', () => {
  test('merges the patches of an outbox into the root and takes them out of it', async () => {
    const base = {
      device: 'patch@1.0',
      results: { outbox: { 1: apples, 2: other } },
      'other-message': 'other-value',
      'patch-to': '/',
      'patch-from': '/results/outbox',
    }
    const result = message(await call(base, 'compute'))
    assert.deepEqual(plain(result.get('prices')), { apple: 100, banana: 200 })
    assert.deepEqual(plain(result.get('results')), { outbox: { 2: other } })
    assert.equal(result.get('other-message'), 'other-value')
  })

  test('merges into a message below the root, beside what stands there, without signatures', async () => {
    const patch = await commitMessage(createMessage(apples), testWallet(), {
      device: 'httpsig@1.0',
    })
    const base = {
      device: 'patch@1.0',
      results: { outbox: { 1: patch } },
      state: { prices: { apple: 1000, pear: 3 } },
      'patch-to': '/state',
      'patch-from': 'results/outbox',
    }
    const result = message(await call(base, 'compute'))
    const state = result.get('state')
    assert.ok(state instanceof Message)
    assert.equal(state.commitments.size, 0)
    assert.deepEqual(plain(state), { prices: { apple: 100, pear: 3, banana: 200 } })
  })

  test('takes a list for numbered messages, patches in their order, the last one wins', async () => {
    const outbox = Array.from({ length: 11 }, (_, n) => ({ method: 'PATCH', last: n }))
    const base = { device: 'patch@1.0', outbox: [...outbox, 'text'], 'patch-from': 'outbox' }
    const result = message(await call(base, 'patches'))
    assert.equal(result.get('last'), 10)
    assert.deepEqual(plain(result.get('outbox')), { 12: 'text' })
    const numbered = Object.fromEntries(outbox.map((patch, n) => [n + 1, patch]))
    assert.equal(message(await call({ ...base, outbox: numbered }, 'patches')).get('last'), 10)
  })

  test('knows a patch by its device, too', async () => {
    const outbox = { 1: { device: 'patch@1.0', balances: { a: '50' } } }
    const base = { device: 'patch@1.0', results: { outbox }, 'patch-from': '/results/outbox' }
    const result = message(await call(base, 'compute'))
    assert.deepEqual(plain(result.get('balances')), { a: '50' })
    assert.deepEqual(plain(result.get('results')), { outbox: {} })
  })

  test('follows links on the way', async () => {
    const id = 'A'.repeat(43)
    const resolver = stackResolver({
      stored: { [id]: createMessage({ outbox: { 1: apples } }) },
    })
    const base = { device: 'patch@1.0', results: new Link(id), 'patch-from': 'results/outbox' }
    const result = message(await resolver.call(base, 'compute'))
    assert.deepEqual(plain(result.get('prices')), { apple: 100, banana: 200 })
    assert.deepEqual(plain(result.get('results')), { outbox: {} })
  })

  test('the request beats the base, patch-from beats from', async () => {
    const base = {
      device: 'patch@1.0',
      a: { 1: { method: 'PATCH', from: 'a' } },
      b: { 1: { method: 'PATCH', from: 'b' } },
      from: 'a',
      'patch-to': 'to',
    }
    const at = async (keys: Record<string, string>) =>
      plain(message(await call(base, 'compute', keys)).get('to'))
    assert.deepEqual(await at({}), { from: 'a' })
    assert.deepEqual(await at({ from: 'b' }), { from: 'b' })
    assert.deepEqual(await at({ from: 'b', 'patch-from': 'base:a' }), { from: 'a' })
  })

  test('without a source, or with the root as source: refused', async () => {
    const base = { device: 'patch@1.0', 'patch-from': '/results/outbox' }
    const missing = await call(base, 'compute')
    assert.equal(missing.kind === 'error' && missing.status, 404)
    for (const from of [{}, { 'patch-from': '/' }]) {
      const root = await call({ device: 'patch@1.0', ...from }, 'compute')
      assert.equal(root.kind === 'error' && root.status, 400)
    }
    const text = await call({ ...base, results: { outbox: 'text' } }, 'compute')
    assert.equal(text.kind === 'error' && text.status, 400)
  })
})

describe('patch@1.0/all', () => {
  test('moves everything', async () => {
    const base = {
      device: 'patch@1.0',
      input: { zones: { 1: apples, 2: { method: 'GET', prices: { orange: 300 } } } },
      state: { prices: { apple: 1000 } },
    }
    const keys = { 'patch-to': '/state', 'patch-from': '/input/zones' }
    const result = message(await call(base, 'all', keys))
    assert.deepEqual(plain(result.get('state')), {
      prices: { apple: 1000 },
      1: apples,
      2: { method: 'GET', prices: { orange: 300 } },
    })
    assert.deepEqual(plain(result.get('input')), {})
  })

  test('with req: it is the request that is patched', async () => {
    const base = { device: 'patch@1.0', state: { prices: { apple: 1000 } } }
    const keys = {
      'patch-from': 'req:/results/outbox/1',
      'patch-to': '/state',
      results: { outbox: { 1: apples } },
    }
    const result = message(await call(base, 'all', keys))
    assert.deepEqual(plain(result.get('state')), apples)
    assert.deepEqual(plain(result.get('results')), { outbox: {} })
  })

  test('a single value is moved as it is, but not to the root', async () => {
    const base = { device: 'patch@1.0', a: { b: 7 }, 'patch-from': 'a/b' }
    const result = message(await call(base, 'all', { to: 'c/d' }))
    assert.deepEqual(plain(result.get('c')), { d: 7 })
    const root = await call(base, 'all')
    assert.equal(root.kind === 'error' && root.status, 400)
  })
})

test('init, normalize and snapshot of patch@1.0 give the base', async () => {
  const base = createMessage({ device: 'patch@1.0', a: '1' })
  for (const key of ['init', 'normalize', 'snapshot']) {
    assert.deepEqual(formatTyped(message(await call(base, key))), formatTyped(base))
  }
})
