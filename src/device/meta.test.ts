import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { answerOf, call, messageOf, testWallet } from '../../test/device-calls.ts'
import { AoError } from '../base/errors.ts'
import { commitMessage } from '../codec/commit.ts'
import { verifyMessage } from '../codec/verify.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { createMessage, type MessageInput } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import { failed } from './device.ts'
import { createMetaDevice } from './meta.ts'
import { createOperatorCheck } from './operator.ts'

const operator = testWallet()
let stranger: Wallet

before(async () => {
  stranger = await generateWallet('rsa-4096')
})

function node(initial: MessageInput | Message = {}) {
  let options = initial instanceof Message ? initial : createMessage(initial)
  let history = 0
  const nodeOptions = {
    read: () => options,
    update: async (changes: Message) => {
      if (changes.has('nosuch')) throw new AoError('invalid-config', 'Expected a known option')
      options = options.with(changes)
      return ++history
    },
  }
  const operatorCheck = createOperatorCheck({
    options: nodeOptions.read,
    address: operator.address,
    verify: verifyMessage,
  })
  const device = createMetaDevice({
    options: nodeOptions,
    address: operator.address,
    operatorCheck,
    build: createMessage({ node: 'ao-scheduler', version: '1' }),
  })
  const post = (request: Message) =>
    call('/~meta@1.0/info', { device, request: request.with([['method', 'POST']]) })
  return { device, operatorCheck, post, options: nodeOptions.read }
}

const PATH: readonly (readonly [string, Value])[] = [['path', '/~meta@1.0/info']]

const signedBy = (wallet: Wallet, keys: MessageInput) =>
  commitMessage(createMessage(keys).with(PATH), wallet, { device: 'httpsig@1.0' })

const UNAUTHORIZED = failed(400, 'Unauthorized')

describe('info', () => {
  test('shows the options and the address, private ones at no depth', async () => {
    const { device } = node(
      new Message<Value>([
        ['port', 1],
        ['priv_wallet', 'k'],
        [
          'nested',
          new Message<Value>([
            ['private-key', 'k'],
            ['list', [new Message([['priv', 'k']]), 2]],
          ]),
        ],
      ]),
    )
    const shown = await messageOf('/~meta@1.0/info', { device })
    assert.deepEqual(
      [...shown],
      [...createMessage({ port: 1, nested: { list: [{}, 2] }, address: operator.address })],
    )
    assert.equal(await answerOf('/~meta@1.0/info/address', { device }), operator.address)
    for (const path of ['/~meta@1.0/info/priv_wallet', '/~meta@1.0/info/nosuch']) {
      assert.deepEqual(await call(path, { device }), failed(404, new Atom('not_found')))
    }
  })

  test('a POST of the operator merges what is signed, and counts', async () => {
    const { post, options } = node({ mode: 'debug', port: 1 })
    const change = await signedBy(operator, { port: 2, extra: 'x', accept: '*/*' })
    const outcome = await post(change.with([['unsigned', 'x']]))
    assert.equal(outcome.kind, 'ok')
    assert.ok(outcome.value instanceof Message)
    assert.equal(outcome.value.get('body'), 'Node message updated. History: 1updates.')
    assert.equal(outcome.value.get('history-length'), 1)
    assert.deepEqual([...options()], [...createMessage({ mode: 'debug', port: 2, extra: 'x' })])
  })

  test('a POST that is unsigned, altered or of a stranger changes nothing', async () => {
    const { post, options } = node({ port: 1 })
    assert.deepEqual(await post(createMessage({ port: 2 })), UNAUTHORIZED)
    assert.deepEqual(await post(await signedBy(stranger, { port: 2 })), UNAUTHORIZED)
    const altered = (await signedBy(operator, { port: 2 })).with([['port', 3]])
    assert.deepEqual(await post(altered), UNAUTHORIZED)
    assert.equal(options().get('port'), 1)
  })

  test('the operator is told to sign the path, so that no other message of his is a request', async () => {
    const { post, options } = node({ port: 1 })
    const sign = (keys: MessageInput) =>
      commitMessage(createMessage(keys), operator, { device: 'httpsig@1.0' })
    for (const keys of [
      { port: 2 },
      // A reply of the node, which is signed with the same wallet.
      { port: 2, path: '/~meta@1.0/info', status: 200 },
    ]) {
      const reason = 'Unauthorized: The signature must cover path: /~meta@1.0/info'
      assert.deepEqual(await post(await sign(keys)), failed(400, reason))
    }
    assert.equal(options().get('port'), 1)
  })

  test('a request of the operator works once', async () => {
    const { post, options } = node({ port: 1 })
    const [first, second] = [
      await signedBy(operator, { port: 2 }),
      await signedBy(operator, { port: 3 }),
    ]
    assert.equal((await post(first)).kind, 'ok')
    assert.equal((await post(second)).kind, 'ok')
    const reason = 'Unauthorized: This request was made before; sign it again'
    assert.deepEqual(await post(first), failed(400, reason))
    assert.equal(options().get('port'), 3)
  })

  test('the option `operator` decides who the operator is', async () => {
    const { post } = node({ operator: stranger.address })
    assert.deepEqual(await post(await signedBy(operator, { port: 2 })), UNAUTHORIZED)
    assert.equal((await post(await signedBy(stranger, { port: 2 }))).kind, 'ok')
  })

  test('anybody may configure a node whose operator is unclaimed, but is not its operator', async () => {
    const { post, options, operatorCheck } = node({ operator: 'unclaimed' })
    assert.equal((await post(createMessage({ port: 2, host: 'h' }))).kind, 'ok')
    assert.deepEqual(
      [...options()],
      [
        ['operator', 'unclaimed'],
        ['port', 2],
      ],
    )
    assert.equal(await operatorCheck.isOperator(await signedBy(operator, {})), false)
  })

  test('a permanent node cannot be changed, and setting it locks it', async () => {
    const { post } = node()
    assert.equal((await post(await signedBy(operator, { initialized: 'permanent' }))).kind, 'ok')
    assert.deepEqual(
      await post(await signedBy(operator, { port: 2 })),
      failed(400, 'The node message of this machine is already permanent. It cannot be changed.'),
    )
  })

  test('an option that cannot be set is refused with its reason', async () => {
    const outcome = await node().post(await signedBy(operator, { nosuch: '1' }))
    assert.deepEqual(outcome, failed(400, 'Expected a known option'))
  })
})

describe('build', () => {
  test('names the software', async () => {
    const { device } = node()
    assert.equal(await answerOf('/~meta@1.0/build/node', { device }), 'ao-scheduler')
  })
})
