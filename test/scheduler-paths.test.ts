/**
 * The ways to name a process and the message for it over HTTP: whatever form a client uses, there is
 * one schedule for each process.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createMessage } from '../src/message/create-message.ts'
import { messageId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import { Link, type Value } from '../src/message/value.ts'
import { startNode } from '../src/node/node.ts'
import { createNodeClient } from './node-client.ts'
import { idOf, signHttpsig, signItem, signMessage, signProcess, walletA } from './node-kit.ts'

const node = await startNode(
  { host: '127.0.0.1', port: 0, storeEngine: 'memory' },
  { wallets: [walletA] },
)
const { address } = node
const client = createNodeClient(node.url)
after(async () => {
  client.close()
  await node.stop()
})

const UNKNOWN = 'U'.repeat(43)

/** A process with the slots 0 and 1, so that no other schedule can be taken for its own. */
async function spawnWithMessage(process: Message): Promise<string> {
  await post('/~scheduler@1.0/schedule', process)
  await post('/~scheduler@1.0/schedule', await signMessage(idOf(process)))
  return idOf(process)
}

function httpsigProcess(keys: Record<string, string> = {}): Promise<Message> {
  return signHttpsig({
    ...{ type: 'Process', device: 'process@1.0', scheduler: address },
    ...{ nonce: `${performance.now()}`, ...keys },
  })
}

/** Posts a message and expects its assignment. */
async function post(path: string, message: Message): Promise<Message> {
  const reply = await client.post(path, message)
  assert.equal(reply.status, 200, `${path}: ${reply.text}`)
  return reply.message()
}

function placeOf(assignment: Message): string {
  return `${assignment.get('process')} ${assignment.get('slot')}`
}

async function knownProcesses(): Promise<Value[]> {
  const reply = await client.get(`/~scheduler@1.0/status`)
  const processes = reply.message().get('processes')
  assert.ok(Array.isArray(processes))
  return processes
}

/** Paths to a key of the schedule, with the process in the path or in the query. */
function pathsTo(key: string, id: string): string[] {
  return [
    `/${id}/${key}`,
    `/${id}~process@1.0/${key}`,
    `/${id}/~process@1.0/${key}`,
    `/${id}/as=scheduler/${key}`,
    `/${id}~scheduler@1.0/${key}`,
    `/${id}/~scheduler@1.0/${key}`,
    `/~scheduler@1.0/${key}?target=${id}`,
    `/~scheduler@1.0/${key}&target=${id}`,
    `/~scheduler@1.0/${key}?process-id=${id}`,
    `/~scheduler@1.0/${key}?process+resolve=%2F${id}`,
    `/~process@1.0/${key}?target=${id}`,
  ]
}

describe('a process is found', () => {
  for (const codec of ['ans104@1.0', 'httpsig@1.0'] as const) {
    test(`by its signed and its unsigned id, in every form of path (${codec})`, async () => {
      const process = await (codec === 'httpsig@1.0' ? httpsigProcess() : signProcess(address))
      const processId = await spawnWithMessage(process)
      const before = await knownProcesses()
      for (const id of [processId, messageId(process, 'none')]) {
        for (const path of pathsTo('slot', id)) {
          const slot = (await client.get(path)).message()
          assert.equal(slot.get('process'), processId, path)
          assert.equal(slot.get('current'), 1, path)
        }
        for (const path of pathsTo('schedule', id)) {
          const page = (await client.get(path)).message()
          assert.equal(page.get('process'), processId, path)
          assert.ok((page.get('assignments') as Message).has('1'), path)
        }
      }
      assert.deepEqual(await knownProcesses(), before, 'no path opens another schedule')
    })
  }

  test('by the key that follows in the path, too', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    for (const path of [
      `/${processId}/slot/current`,
      `/${processId}/as=scheduler/slot/current`,
      `/~scheduler@1.0/slot&target=${processId}/current`,
    ]) {
      assert.equal((await client.get(path)).text, '1', path)
    }
  })
})

describe('a posted message is scheduled', () => {
  const message = (keys: Record<string, string>) =>
    signHttpsig({ type: 'Message', nonce: `${performance.now()}`, ...keys })

  test('on the process that it targets, whatever the path says', async () => {
    const target = await spawnWithMessage(await signProcess(address))
    const other = await spawnWithMessage(await signProcess(address))
    let slot = 1
    for (const path of [...pathsTo('schedule', other), `/${other}/push`]) {
      const posted = await post(path, await signMessage(target))
      assert.equal(placeOf(posted), `${target} ${++slot}`, path)
    }
    for (const path of pathsTo('schedule', other).filter((path) => !path.includes('?target'))) {
      const posted = await post(path, await message({ target }))
      assert.equal(placeOf(posted), `${target} ${++slot}`, path)
    }
    assert.equal((await client.get(`/${other}/slot/current`)).text, '1')
  })

  test('not when the query exchanges its signed target', async () => {
    const target = await spawnWithMessage(await signProcess(address))
    const other = await spawnWithMessage(await signProcess(address))
    const path = `/~scheduler@1.0/schedule?target=${other}`
    const reply = await client.post(path, await message({ target }))
    assert.equal(reply.status, 400)
    assert.equal(reply.message().get('reason'), 'Given message is invalid.')
  })

  test('on the process of the path or query when it has no target', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    let slot = 1
    for (const path of pathsTo('schedule', processId)) {
      for (const untargeted of [await message({}), await signItem({ nonce: `${slot}` })]) {
        assert.equal(placeOf(await post(path, untargeted)), `${processId} ${++slot}`, path)
      }
    }
  })

  test('from the body of the request', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    const body = await message({ target: processId, action: 'Wrapped' })
    const assignment = await post('/~scheduler@1.0/schedule', wrapped('body', body))
    assert.equal(placeOf(assignment), `${processId} 2`)
    assert.equal(idOf(assignment.get('body') as Message), idOf(body))
  })

  test('from the key that subject names', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    const item = await message({ target: processId })
    for (const path of [`/${processId}/schedule`, '/~scheduler@1.0/schedule']) {
      const posted = await post(`${path}?subject=item`, wrapped('item', item))
      assert.equal(idOf(posted.get('body') as Message), idOf(item), path)
    }
    const missing = await client.post('/~scheduler@1.0/schedule?subject=item', item)
    assert.equal(missing.status, 400)
    assert.match(missing.text, /subject/)
  })

  test('as the whole request with subject=self', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    const own = await message({ target: processId })
    const posted = await post('/~scheduler@1.0/schedule?subject=self', own)
    assert.equal(placeOf(posted), `${processId} 2`)
    assert.equal(idOf(posted.get('body') as Message), idOf(own))
  })

  test('with its own signed path when wrapped; sent directly, that path is what is asked', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    const withPath = await message({ target: processId, path: '/my/path' })
    const posted = await post('/~scheduler@1.0/schedule', wrapped('body', withPath))
    assert.equal(posted.get('path'), 'my/path')
    const direct = await client.post('/~scheduler@1.0/schedule', withPath)
    assert.equal(direct.status, 404)
    assert.equal((await client.get(`/${processId}/slot/current`)).text, '2')
  })

  test('not when something in it cannot be loaded', async () => {
    const processId = await spawnWithMessage(await signProcess(address))
    const linking = createMessage({ target: processId }).with([['part', new Link(UNKNOWN)]])
    const body = new Message([['body', linking]])
    const reply = await client.post('/~scheduler@1.0/schedule', body)
    assert.equal(reply.status, 404)
    assert.equal(reply.text, 'Cannot fully load message to schedule.')
  })
})

describe('a process is scheduled', () => {
  const spawnPaths = (id: string): string[] => [
    '/~scheduler@1.0/schedule',
    '/~process@1.0/schedule',
    `/${id}/schedule`,
    `/${id}/~scheduler@1.0/schedule`,
    `/${id}~scheduler@1.0/schedule`,
    `/${id}~process@1.0/schedule`,
    `/${id}~process@1.0/push`,
    `/${id}/push`,
  ]

  test('at every path that schedules, also at its own id, which nobody knows yet', async () => {
    const count = spawnPaths(UNKNOWN).length
    for (let index = 0; index < count; index++) {
      for (const process of [await httpsigProcess(), await signProcess(address)]) {
        const path = spawnPaths(idOf(process))[index] ?? ''
        assert.equal(placeOf(await post(path, process)), `${idOf(process)} 0`, path)
        const reply = await client.get(`/${idOf(process)}/slot/current`)
        assert.equal(reply.text, '0', path)
      }
    }
  })

  test('at the path of an id that nobody knows at all', async () => {
    for (const path of [`/${UNKNOWN}/schedule`, `/${UNKNOWN}/~scheduler@1.0/schedule`]) {
      for (const process of [await httpsigProcess(), await signProcess(address)]) {
        assert.equal(placeOf(await post(path, process)), `${idOf(process)} 0`, path)
      }
    }
  })

  test('from the body of an unsigned request', async () => {
    const process = await httpsigProcess()
    const assignment = await post('/~scheduler@1.0/schedule', wrapped('body', process))
    assert.equal(placeOf(assignment), `${idOf(process)} 0`)
  })

  test('again in a new slot when it is posted again', async () => {
    const process = await signProcess(address)
    assert.equal(placeOf(await post('/~scheduler@1.0/schedule', process)), `${idOf(process)} 0`)
    assert.equal(placeOf(await post('/~scheduler@1.0/schedule', process)), `${idOf(process)} 1`)
  })
})

/** A request whose own keys nobody signed. */
function wrapped(key: string, message: Message): Message {
  return new Message<Value>([[key, message]])
}
