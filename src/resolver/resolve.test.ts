import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  device,
  echo,
  get,
  ID,
  MISSING,
  message,
  NOT_FOUND,
  OTHER,
  refusal,
  request,
  setup,
  UNKNOWN,
  UNKNOWN_ID,
  value,
} from '../../test/resolver-fixture.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { type Device, failed, ok } from '../device/device.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import { parsePath } from './path.ts'

describe('bases', () => {
  const stored = { [ID]: createMessage({ type: 'Process', next: OTHER, n: { x: 1 } }) }

  test('resolveRequest() starts from the keys of the request, or from a stored message', async () => {
    assert.equal(value(await get('/a?a=1')), '1')
    assert.equal(value(await get(`/${ID}/type`, { stored })), 'Process')
    assert.deepEqual([...message(await get(`/${ID}`, { stored }))], [...(stored[ID] as Message)])
  })

  test('resolveRequest() answers 404 for an unknown id, alone or as a base', async () => {
    assert.deepEqual(refusal(await get(`/${UNKNOWN}`)), UNKNOWN_ID)
    assert.deepEqual(refusal(await get(`/${UNKNOWN}/slot`)), MISSING)
    assert.deepEqual(refusal(await get(`/${UNKNOWN}~message@1.0/slot`)), MISSING)
    assert.deepEqual(refusal(await get(`/${UNKNOWN}/~message@1.0/slot`)), MISSING)
  })

  test('resolveRequest() reads an id that a key answered when the next key is called', async () => {
    const both = { ...stored, [OTHER]: createMessage({ type: 'Module' }) }
    assert.equal(value(await get(`/${ID}/next`, { stored })), OTHER)
    assert.equal(value(await get(`/${ID}/next/type`, { stored: both })), 'Module')
    assert.deepEqual(refusal(await get(`/${ID}/next/type`, { stored })), MISSING)
  })

  test('resolveRequest() finds nothing below a value that is no message', async () => {
    assert.deepEqual(await get(`/${ID}/type/x`, { stored }), NOT_FOUND)
    assert.deepEqual(await get(`/${ID}/n/x/y`, { stored }), NOT_FOUND)
  })

  test('resolveRequest() numbers the items of a list from 1', async () => {
    const lists = { [ID]: createMessage({ l: ['a', ['b', 'c']] }) }
    assert.equal(value(await get(`/${ID}/l/1`, { stored: lists })), 'a')
    assert.equal(value(await get(`/${ID}/l/2/2`, { stored: lists })), 'c')
    assert.deepEqual(await get(`/${ID}/l/0`, { stored: lists }), NOT_FOUND)
  })

  test('resolveRequest() loads links on the way and at the end', async () => {
    const linked = {
      [ID]: new Message([
        ['child', new Link(OTHER)],
        ['gone', new Link(UNKNOWN)],
      ]),
      [OTHER]: createMessage({ x: 'y' }),
    }
    assert.equal(value(await get(`/${ID}/child/x`, { stored: linked })), 'y')
    const child = message(await get(`/${ID}/child`, { stored: linked }))
    assert.deepEqual([...child], [['x', 'y']])
    assert.equal(child.priv.loadedFrom, OTHER)
    assert.deepEqual(refusal(await get(`/${ID}/gone`, { stored: linked })), MISSING)
  })

  test('resolveRequest() refuses a path without steps and a step without a key', async () => {
    assert.equal((await get('/')).kind, 'error')
    await assert.rejects(get('/&k=v'), (error) => isAoError(error, 'invalid-path'))
  })
})

describe('devices', () => {
  test('resolveRequest() calls the base’s device, keys without case and with either dash', async () => {
    const devices = [device('d@1.0', { 'my-key': async () => ok('called') })]
    for (const key of ['my-key', 'MY_KEY', 'My-Key']) {
      assert.equal(value(await get(`/~d@1.0/${key}`, { devices })), 'called')
    }
  })

  test('resolveRequest() leaves other keys, and excluded ones, to message@1.0', async () => {
    const all: Device = { ...echo('all@1.0'), excludes: new Set(['keys']) }
    const devices = [device('d@1.0', {}), all]
    assert.equal(value(await get('/~d@1.0&x=1/x', { devices })), '1')
    assert.deepEqual(value(await get('/~all@1.0/keys', { devices })), ['device'])
    assert.ok(message(await get('/~all@1.0/other', { devices })).has('request'))
  })

  test('resolveRequest() refuses a device that the node does not have', async () => {
    const isUnsupported = (error: unknown) => isAoError(error, 'unsupported-device')
    await assert.rejects(get('/~nosuch@1.0/x'), isUnsupported)
    const stored = { [ID]: new Message<Value>([['device', 5]]) }
    await assert.rejects(get(`/${ID}/x`, { stored }), isUnsupported)
  })

  test('resolveRequest() ends at the first answer that is not ok', async () => {
    const devices = [
      device('d@1.0', {
        refuse: async () => failed(418, 'No'),
        never: async () => assert.fail('Called after a refusal'),
      }),
    ]
    assert.deepEqual(await get('/~d@1.0/refuse/never', { devices }), failed(418, 'No'))
  })

  test('resolveRequest() passes on what a device throws', async () => {
    const devices = [
      device('d@1.0', {
        break: async () => {
          throw new AoError('unavailable', 'Expected another day')
        },
      }),
    ]
    await assert.rejects(get('/~d@1.0/break', { devices }), (error) =>
      isAoError(error, 'unavailable'),
    )
  })

  test('resolveRequest() never finds private keys, not even through a device', async () => {
    const devices = [echo('all@1.0')]
    for (const key of ['priv', 'private', 'priv_wallet', 'PRIV-x']) {
      assert.deepEqual(await get(`/~all@1.0/${key}?${key}=1`, { devices }), NOT_FOUND)
      assert.deepEqual(await get(`/${key}?${key}=1`), NOT_FOUND)
    }
  })

  test('resolveRequest() knows no device by a prototype name', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      await assert.rejects(get(`/~${name}/x`), (error) => isAoError(error, 'unsupported-device'))
      assert.deepEqual(await get(`/${name}`), NOT_FOUND)
    }
  })
})

describe('calls within calls', () => {
  test('resolve() calls each key of a path on the answer before', async () => {
    const resolver = setup()
    const base = createMessage({ a: { b: { c: 'deep' } } })
    assert.equal(value(await resolver.resolve(base, request('/a/b//c'))), 'deep')
    assert.deepEqual(await resolver.resolve(base, request('a/x/c')), NOT_FOUND)
    await assert.rejects(resolver.resolve(base, request('/')), (error) =>
      isAoError(error, 'invalid-request'),
    )
  })

  test('a device that calls itself without end is answered 508', async () => {
    let calls = 0
    const endless = device('d@1.0', {
      again: async (base, step, context) => {
        calls++
        return context.resolve(base, step)
      },
    })
    const outcome = await get('/~d@1.0/again', { devices: [endless], maxDepth: 10 })
    assert.deepEqual(outcome, failed(508, 'Request creates infinite recursion.'))
    assert.equal(calls, 11)
  })

  test('resolveSteps() answers a path that was parsed before', async () => {
    assert.equal(value(await setup().resolveSteps(parsePath(request('/a?a=1')))), '1')
  })
})

describe('answers', () => {
  test('an answer keeps nothing private but its id and hashpath', async () => {
    const same = device('same@1.0', {
      base: async (base) => ok(base),
      step: async (_, step) => ok(step),
    })
    const stored = { [ID]: createMessage({ x: '1' }) }
    const options = { devices: [same], stored }
    const base = message(await get(`/${ID}/~same@1.0/base`, options))
    assert.deepEqual(Object.keys(base.priv).sort(), ['hashpath', 'loadedFrom'])
    const step = message(await get(`/${ID}/~same@1.0/step`, options))
    assert.deepEqual(Object.keys(step.priv), ['hashpath'])
  })

  test('an answer to keys that have no id has no hashpath', async () => {
    const stored = { [ID]: createMessage({ n: { x: 1 } }) }
    const odd = new Message<Value>([
      ['path', `/${ID}/n`],
      ['ao-types', 'x'],
      ['i', 1],
    ])
    const outcome = await setup({ stored }).resolveRequest(odd)
    assert.equal(message(outcome).priv.hashpath, undefined)
  })
})
