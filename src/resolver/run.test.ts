import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  device,
  echo,
  get,
  ID,
  MISSING,
  message,
  OTHER,
  refusal,
  request,
  setup,
  UNKNOWN,
  UNKNOWN_ID,
  value,
} from '../../test/resolver-fixture.ts'
import { failed, ok } from '../device/device.ts'
import type { Commitment } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import type { Atom } from '../message/value.ts'

describe('steps under a device', () => {
  const devices = [echo('d@1.0')]
  const stored = { [ID]: createMessage({ type: 'Process' }) }

  test('`/~device` starts from all keys of the request', async () => {
    const result = message(await get('/~d@1.0&own=1/key?q=2', { devices }, { method: 'GET' }))
    assert.deepEqual(Object.fromEntries(result.get('base') as Message), {
      device: 'd@1.0',
      method: 'GET',
      own: '1',
      q: '2',
    })
    assert.deepEqual(Object.fromEntries(result.get('request') as Message), {
      method: 'GET',
      path: 'key',
      q: '2',
    })
  })

  test('`/ID~device` and `/ID/~device` change the message’s device and note its id', async () => {
    for (const path of [`/${ID}~d@1.0&own=1/key?q=2`, `/${ID}/~d@1.0&own=1/key?q=2`]) {
      const result = message(await get(path, { devices, stored }))
      const base = { device: 'd@1.0', own: '1', type: 'Process' }
      assert.deepEqual(Object.fromEntries(result.get('base') as Message), base)
      assert.equal(result.get('loaded-from'), ID)
    }
  })

  test('`/key~device` calls the key under the device', async () => {
    const result = message(await get(`/${ID}/key~d@1.0&own=1`, { devices, stored }))
    assert.deepEqual(Object.fromEntries(result.get('request') as Message), {
      own: '1',
      path: 'key',
    })
    const first = message(await get('/key~d@1.0&own=1', { devices }))
    assert.equal((first.get('base') as Message).get('own'), '1')
    assert.equal((first.get('request') as Message).get('path'), 'key')
  })

  test('a device sees the message as it was before the step, with its commitments', async () => {
    const commitment: Commitment = {
      id: OTHER,
      device: 'httpsig@1.0',
      type: 'rsa-pss-sha512',
      committed: ['device', 'type'],
      committer: UNKNOWN,
      fields: new Map(),
    }
    const signed = new Message(
      [
        ['type', 'Process'],
        ['device', 'process@1.0'],
      ],
      new Map([[OTHER, commitment]]),
    )
    const seen: Message[] = []
    const spy = device('spy@1.0', {
      look: async (base) => {
        seen.push(base)
        return ok('')
      },
    })
    await get(`/${ID}/~spy@1.0/look?q=1`, { devices: [spy], stored: { [ID]: signed } })
    const [base] = seen
    assert.equal(base?.commitments.size, 0)
    assert.equal(base?.priv.original?.get('device'), 'process@1.0')
    assert.equal(base?.priv.original?.commitments.size, 1)
    assert.equal(base?.priv.original?.has('q'), false)
  })

  test('a path that ends in a device answers the message without the device', async () => {
    assert.deepEqual(
      [...message(await get(`/${ID}~d@1.0`, { devices, stored }))],
      [['type', 'Process']],
    )
    const inline = await get('/~d@1.0&a=1?q=2', { devices }, { host: 'h' })
    assert.deepEqual([...message(inline)], [['a', '1']])
  })
})

describe('requests', () => {
  test('a step carries the signatures of the request, and the request as it arrived', async () => {
    const seen: Message[] = []
    const spy = device('spy@1.0', {
      look: async (_base, step) => {
        seen.push(step)
        return ok('')
      },
    })
    const commitment: Commitment = {
      id: OTHER,
      device: 'httpsig@1.0',
      type: 'hmac-sha256',
      committed: ['path'],
      fields: new Map(),
    }
    const posted = new Message([['path', '/~spy@1.0/look']], new Map([[OTHER, commitment]]))
    await setup({ devices: [spy] }).resolveRequest(posted)
    assert.equal(seen[0]?.get('path'), 'look')
    assert.equal(seen[0]?.commitments, posted.commitments)
    assert.equal(seen[0]?.priv.request, posted)
  })

  test('a context asks once whether the whole request is the operator’s', async () => {
    const asked: Message[] = []
    const devices = [
      device('d@1.0', {
        who: async (_base, _request, context) => {
          await context.isOperator()
          return ok((await context.isOperator()) ? 'operator' : 'stranger')
        },
      }),
    ]
    const isOperator = async (asking: Message) => {
      asked.push(asking)
      return true
    }
    const whole = request('/~d@1.0/who')
    const outcome = await setup({ devices, isOperator }).resolveRequest(whole)
    assert.equal(value(outcome), 'operator')
    assert.deepEqual(asked, [whole])
  })
})

describe('paths inside paths', () => {
  const devices = [
    echo('d@1.0'),
    device('count@1.0', {
      refuse: async () => failed(409, 'No'),
      name: async () => ok('d@1.0'),
    }),
  ]

  test('a path in parentheses gives a base, a value, a device or a request', async () => {
    assert.equal(value(await get('/(~message@1.0&x=1)/x')), '1')
    const asValue = message(await get('/~d@1.0/key&k=(~message@1.0&x=1/x)', { devices }))
    assert.equal((asValue.get('request') as Message).get('k'), '1')
    const asDevice = message(await get('/~(~count@1.0/name)/key', { devices }))
    assert.equal((asDevice.get('request') as Message).get('path'), 'key')
    assert.equal(value(await get('/~message@1.0&a=b/(~message@1.0&k=a/k)')), 'b')
  })

  test('a path inside the path runs once, however many steps it is a key of', async () => {
    let calls = 0
    const counting = device('n@1.0', {
      n: async () => {
        calls++
        return ok('x')
      },
    })
    await get('/a/b/c?k+resolve=/~n@1.0/n&a=1', { devices: [counting] })
    assert.equal(calls, 1)
  })

  test('a path inside the path that is refused ends the request', async () => {
    assert.deepEqual(await get('/~d@1.0/x&k=(~count@1.0/refuse)', { devices }), failed(409, 'No'))
    assert.deepEqual(await get('/(~count@1.0/refuse)/x', { devices }), failed(409, 'No'))
    assert.deepEqual(await get('/~d@1.0/(~count@1.0/refuse)', { devices }), failed(409, 'No'))
    assert.equal((await get('/()/x', { devices })).kind, 'error')
  })
})

describe('processes that are not known yet', () => {
  const devices = [echo('process@1.0'), echo('scheduler@1.0')]
  const post = (path: string) => get(path, { devices }, { method: 'POST' })

  test('a POST to schedule or push goes to the device with an empty process', async () => {
    for (const path of [
      `/${UNKNOWN}/schedule`,
      `/${UNKNOWN}/push`,
      `/${UNKNOWN}~process@1.0/push`,
      `/${UNKNOWN}/~scheduler@1.0/schedule`,
    ]) {
      const result = message(await post(path))
      assert.equal(result.get('loaded-from'), UNKNOWN, path)
      assert.equal((result.get('placeholder') as Atom).name, 'true', path)
    }
  })

  test('any other key, and any other method, is refused', async () => {
    assert.deepEqual(refusal(await post(`/${UNKNOWN}/slot`)), MISSING)
    assert.deepEqual(refusal(await post(`/${UNKNOWN}/x/schedule`)), MISSING)
    assert.deepEqual(
      refusal(await get(`/${UNKNOWN}/schedule`, { devices }, { method: 'GET' })),
      MISSING,
    )
    assert.deepEqual(refusal(await post(`/${UNKNOWN}`)), UNKNOWN_ID)
  })
})
