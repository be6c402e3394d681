/**
 * `~cron@1.0` over real HTTP: HyperBEAM's own tests of the device as a client sees them, what real
 * clients sign, and what a node remembers of its tasks when it starts again.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HB } from 'wao'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { signersOf } from '../src/message/commitment.ts'
import { Message } from '../src/message/message.ts'
import { isList, type Value } from '../src/message/value.ts'
import type { RunningNode } from '../src/node/node.ts'
import { clientAddress, clientJwk } from './clients/client-node.ts'
import {
  assertSchedule,
  bodyOf,
  clientWallet,
  get,
  idOf,
  postHttpsig,
  postItem,
  readSchedule,
  request,
  signHttpsig,
  signItem,
  spawn,
  startTestNode,
  temporaryFolder,
  walletA,
  walletB,
} from './node-kit.ts'

const COUNTING = {
  cronAccess: 'open',
  verifyAssignments: 'accept-unsigned',
  testDevices: true,
} as const

const SIGNED = { cronAccess: 'signed' } as const

/** Waits until something is so; fails when it is not within ten seconds. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, `${what} within ten seconds`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function taskOf(node: { readonly url: string }, id: string): Promise<Message> {
  const reply = await get(`${node.url}/~cron@1.0/get?task=${id}`)
  assert.equal(reply.status, 200, reply.text)
  return bodyOf(reply.message())
}

async function slotOf(node: { readonly url: string }, processId: string): Promise<number> {
  return Number((await get(`${node.url}/${processId}/slot/current`)).text)
}

async function create(url: string, path: string, init: RequestInit = {}): Promise<string> {
  const reply = await request(url + path, init)
  assert.equal(reply.status, 200, reply.text)
  assert.match(reply.text, /^[\w-]{43}$/)
  return reply.text
}

describe('the tests of HyperBEAM, from outside', () => {
  test('stop_once_test: a task is stopped while it runs, and is gone', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const path = '/~cron@1.0/once?test-id=1&duration=3000&cron-path=/~test-device@1.0/delay'
    const id = await create(node.url, path)
    await until('the task runs', async () => (await taskOf(node, id)).get('running') === 1)
    const stop = await get(`${node.url}/~cron@1.0/stop?task=${id}`)
    assert.equal(stop.status, 200)
    const body = bodyOf(stop.message())
    assert.equal(body.get('message'), 'Task stopped successfully')
    assert.equal(body.get('task_id'), id)
    const again = await get(`${node.url}/~cron@1.0/stop?task=${id}`)
    assert.deepEqual([again.status, again.text], [400, 'Task not found.'])
  })

  test('stop_every_test: a task that has run a few times is stopped, and runs no more', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const pid = await spawn(node)
    const path = `/~cron@1.0/every?test-id=1&interval=100-milliseconds&cron-path=/${pid}/schedule`
    const id = await create(node.url, path, { method: 'POST' })
    await until('some runs', async () => (await slotOf(node, pid)) >= 3)
    const stop = await get(`${node.url}/~cron@1.0/stop?task=${id}`)
    assert.equal(stop.status, 200)
    await until('the last run', async () => (await taskOf(node, id)).get('running') === 0)
    const slot = await slotOf(node, pid)
    await new Promise((resolve) => setTimeout(resolve, 400))
    assert.equal(await slotOf(node, pid), slot)
    const again = await get(`${node.url}/~cron@1.0/stop?task=${id}`)
    assert.deepEqual([again.status, again.text], [400, 'Task not found.'])
  })

  test('once_executed_test: a task runs, with what its request said', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const pid = await spawn(node)
    await create(node.url, `/~cron@1.0/once="/${pid}/schedule"?test-id=seen`, { method: 'POST' })
    await until('the run', async () => (await slotOf(node, pid)) === 1)
    const [, assignment] = await readSchedule(node.url, pid)
    assert.ok(assignment !== undefined)
    assert.equal(bodyOf(assignment).get('test-id'), 'seen')
    assert.equal(bodyOf(assignment).has('cron-path'), false)
  })

  test('every_worker_loop_test: the interval is the key that is called', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const pid = await spawn(node)
    const path = `/~cron@1.0/500-milliseconds="/${pid}/schedule"?test-id=1`
    const startedMs = performance.now()
    await create(node.url, path, { method: 'POST' })
    await until('three runs', async () => (await slotOf(node, pid)) >= 3)
    assert.ok(performance.now() - startedMs >= 900)
  })
})

describe('replies', () => {
  test('refusals are those of HyperBEAM', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const refusals: readonly (readonly [string, string | RegExp])[] = [
      ['once', 'No cron path found in message.'],
      ['every?interval=1-second', 'No cron path found in message.'],
      ['every?cron-path=/x', 'No interval found in message.'],
      ['foo', 'No cron path found in message.'],
      ['details?task=x', 'No cron path found in message.'],
      ['foo?cron-path=/x', /^Error parsing interval: /],
      ['0-seconds?cron-path=/x', 'Invalid interval value.'],
      ['5-fortnights?cron-path=/x', 'Invalid time unit: fortnights'],
      ['stop', 'No task ID found in message.'],
      ['stop?task=unknown', 'Task not found.'],
      ['get?task=unknown', 'Task not found.'],
      ['cron?cron-path=/x', 'No cron expression found in message.'],
      ['cron="* * *"?cron-path=/x', /^Expected cron to be five or six fields/],
      ['once?cron-path=/x&at=yesterday', /^Expected at to be a time/],
      ['once?cron-path=/x&at=2020-01-01T00:00:00Z', 'Expected at to be in the future'],
      ['1-second?cron-path=/x&overlap=maybe', 'Expected overlap to be one of skip, queue, allow'],
      ['1-second?cron-path=/x&jitter=2-seconds', /^Expected jitter to be less/],
      ['1-block?cron-path=/x', /^This node knows no blocks yet/],
      ['10-milliseconds?cron-path=/x', /^Expected at least 100 milliseconds/],
    ]
    for (const [path, reason] of refusals) {
      const reply = await get(`${node.url}/~cron@1.0/${encodeURI(path)}`)
      assert.equal(reply.status, 400, path)
      if (typeof reason === 'string') assert.equal(reply.text, reason, path)
      else assert.match(reply.text, reason, path)
    }
  })

  test('keys and set are those of message@1.0', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const keys = await get(`${node.url}/~cron@1.0/keys`)
    assert.equal(keys.status, 200)
    const set = await get(`${node.url}/~cron@1.0/set&color=red`)
    assert.deepEqual([set.status, set.headers.get('color')], [200, 'red'])
  })

  test('the same request gives the same task, another header another one', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const path = '/~cron@1.0/every?interval=1-hour&cron-path=/~meta@1.0/info'
    const id = await create(node.url, path)
    assert.equal(await create(node.url, path), id)
    assert.notEqual(await create(node.url, path, { headers: { other: 'header' } }), id)
  })

  test('list and get tell what a task is and did, in JSON, too', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const id = await create(node.url, '/~cron@1.0/once?cron-path=/~test-device@1.0/test-func')
    await until('the run', async () => (await taskOf(node, id)).get('state') === 'finished')
    await create(node.url, '/~cron@1.0/1-day="/~meta@1.0/info"')
    const json = 'require-codec=application/json&accept-bundle=true'
    const got = await request(`${node.url}/~cron@1.0/get?task=${id}&${json}`)
    const { body } = JSON.parse(got.text) as { body: Record<string, unknown> }
    assert.deepEqual(
      [body.id, body.kind, body['cron-path'], body.state, body.runs, body['last-status']],
      [id, 'path', '/~test-device@1.0/test-func', 'finished', 1, 200],
    )
    const [run] = body.history as { status: number; 'duration-ms': number; result: string }[]
    assert.equal(run?.status, 200)
    assert.match(run?.result ?? '', /^[\w-]{43}$/)
    const listed = await request(`${node.url}/~cron@1.0/list?state=finished&${json}`)
    const { tasks } = (JSON.parse(listed.text) as { body: { tasks: { id: string }[] } }).body
    assert.deepEqual(
      tasks.map((task) => task.id),
      [id],
    )
    const page = await get(`${node.url}/~cron@1.0/list?limit=1`)
    assert.ok(bodyOf(page.message()).has('next'))
  })

  test('pause, resume and run do what they say', async (t) => {
    const node = await startTestNode(t, COUNTING)
    const id = await create(node.url, '/~cron@1.0/1-day="/~meta@1.0/info/address"')
    for (const [key, message, state] of [
      ['pause', 'Task paused', 'paused'],
      ['resume', 'Task resumed', 'active'],
      ['run', 'Task started', 'active'],
    ]) {
      const reply = await get(`${node.url}/~cron@1.0/${key}?task=${id}`)
      assert.equal(bodyOf(reply.message()).get('message'), message)
      assert.equal((await taskOf(node, id)).get('state'), state)
    }
    await until('two runs', async () => (await taskOf(node, id)).get('runs') === 2)
  })
})

describe('who may', () => {
  const keys = { 'cron-path': '/~meta@1.0/info', interval: '1-hour' }
  const sign = (path: string, more: Readonly<Record<string, unknown>> = keys, wallet = walletB) =>
    signHttpsig({ path, method: 'POST', ...more }, wallet)

  test('signed: a request must be signed, and its signer owns the task', async (t) => {
    const node = await startTestNode(t, SIGNED)
    const unsigned = await get(`${node.url}/~cron@1.0/every?interval=1-hour&cron-path=/x`)
    assert.equal(unsigned.status, 401)
    assert.match(unsigned.text, /sign the request/)
    const created = await postHttpsig(node.url, '/~cron@1.0/every', await sign('/~cron@1.0/every'))
    assert.equal(created.status, 200, created.text)
    const id = String(created.message().get('body'))
    assert.deepEqual((await taskOf(node, id)).get('owners'), [walletB.address])
    const stranger = await get(`${node.url}/~cron@1.0/stop?task=${id}`)
    assert.equal(stranger.status, 401)
    const stop = await sign('/~cron@1.0/stop', { task: id })
    assert.equal((await postHttpsig(node.url, '/~cron@1.0/stop', stop)).status, 200)
  })

  test('a signed item says how its path is asked, however it is sent', async (t) => {
    const node = await startTestNode(t, SIGNED)
    for (const [method, status] of [
      ['GET', 200],
      ['POST', 400],
    ]) {
      const task = { path: '/~cron@1.0/once', method, 'cron-path': '/~meta@1.0/info' }
      const made = await postItem(node.url, await signItem(task), '/~cron@1.0/once')
      const id = String(made.message().get('body'))
      await until('the run', async () => (await taskOf(node, id)).get('state') === 'finished')
      assert.equal((await taskOf(node, id)).get('last-status'), status)
    }
  })

  test('the operator may stop what others made', async (t) => {
    const node = await startTestNode(t, SIGNED)
    const path = '/~cron@1.0/every'
    const made = await postHttpsig(node.url, path, await sign(path))
    const id = String(made.message().get('body'))
    const stop = await sign('/~cron@1.0/stop', { task: id }, walletA)
    assert.equal((await postHttpsig(node.url, '/~cron@1.0/stop', stop)).status, 200)
    assert.equal((await taskOf(node, id)).get('state'), 'stopped')
  })

  test('a signed request that was changed is refused', async (t) => {
    const node = await startTestNode(t, SIGNED)
    const path = '/~cron@1.0/every'
    const changed = (await sign(path)).with([['cron-path', '/other']])
    const reply = await postHttpsig(node.url, path, changed)
    assert.equal(reply.status, 400)
    assert.match(reply.text, /signatures hold/)
  })

  test('a signed message that says nothing of cron cannot be posted to it', async (t) => {
    const node = await startTestNode(t, SIGNED)
    const item = await signItem({ target: 'T'.repeat(43), type: 'Message', data: 'public' })
    const reply = await request(`${node.url}/~cron@1.0/every?interval=1-second&cron-path=/x`, {
      method: 'POST',
      headers: { 'content-type': 'application/ans104' },
      body: Buffer.from(encodeAns104(item)),
    })
    assert.equal(reply.status, 400)
    assert.match(reply.text, /covers the path/)
  })

  test('an assignment of this node, whose path others chose, is no request of its operator', async (t) => {
    const node = await startTestNode(t, SIGNED)
    const pid = await spawn(node)
    const path = '/~cron@1.0/every?interval=1-second&cron-path=/~meta@1.0/info'
    const message = await signItem({ target: pid, type: 'Message', path }, clientWallet)
    await postHttpsig(node.url, '/~scheduler@1.0/schedule', new Message([['body', message]]))
    const [, assignment] = await readSchedule(node.url, pid)
    assert.ok(assignment !== undefined && signersOf(assignment).includes(node.address))
    const reply = await request(`${node.url}/~cron@1.0/every`, {
      method: 'POST',
      headers: { 'content-type': 'application/ans104' },
      body: Buffer.from(encodeAns104(assignment)),
    })
    assert.ok(reply.status >= 400, `${reply.status} ${reply.text}`)
    const { tasks } = await listed(node)
    assert.deepEqual(tasks, [])
  })

  test('wao makes and stops tasks with its signatures', async (t) => {
    const node = await startTestNode(t, SIGNED, { wallets: [walletB] })
    const hb = await new HB({ url: node.url }).init(clientJwk())
    const once = await hb.post({ path: '/~cron@1.0/once', 'cron-path': '/~meta@1.0/info' })
    assert.match(String(once.body), /^[\w-]{43}$/)
    const every = await hb.post({
      ...{
        path: '/~cron@1.0/every',
        'cron-path': '/~meta@1.0/info',
        interval: '1000-milliseconds',
      },
    })
    assert.deepEqual((await taskOf(node, String(every.body))).get('owners'), [clientAddress()])
    const stop = await hb.post({ path: '/~cron@1.0/stop', task: String(every.body) })
    assert.equal(stop.status, 200)
    assert.equal((await taskOf(node, String(every.body))).get('state'), 'stopped')
  })

  test('what the node itself asked for runs with its signature', async (t) => {
    const node = await startTestNode(t, SIGNED)
    const pid = await spawn(node)
    const task = { 'cron-path': `/${pid}/schedule`, action: 'Tick' }
    const signed = await sign('/~cron@1.0/once', task, walletA)
    assert.equal((await postHttpsig(node.url, '/~cron@1.0/once', signed)).status, 200)
    await until('the run', async () => (await slotOf(node, pid)) === 1)
    const assignments = await readSchedule(node.url, pid)
    await assertSchedule(assignments, { processId: pid, signers: [node.address] })
    const [, assignment] = assignments
    assert.ok(assignment !== undefined)
    assert.equal(bodyOf(assignment).get('action'), 'Tick')
    assert.deepEqual(signersOf(bodyOf(assignment)), [node.address])
  })
})

describe('a node that starts again', () => {
  const start = (t: TestContext, storePath: string, more = {}) =>
    startTestNode(t, { ...COUNTING, storeEngine: 'lmdb', storePath, ...more })

  test('goes on with its tasks, makes up for what was missed, and keeps what was stopped', async (t) => {
    const folder = await temporaryFolder(t)
    const first = await start(t, folder)
    const pid = await spawn(first)
    const path = `/~cron@1.0/every?interval=200-milliseconds&cron-path=/${pid}/schedule`
    const id = await create(first.url, path, { method: 'POST' })
    const later = await create(
      first.url,
      '/~cron@1.0/once?in=300-milliseconds&cron-path=/~meta@1.0/info',
    )
    const stopped = await create(first.url, '/~cron@1.0/1-second="/~meta@1.0/info"')
    await get(`${first.url}/~cron@1.0/stop?task=${stopped}`)
    await until('a run', async () => (await slotOf(first, pid)) >= 1)
    await first.stop()
    await new Promise((resolve) => setTimeout(resolve, 700))
    const second = await start(t, folder)
    await until('more runs', async () => (await slotOf(second, pid)) >= 4)
    const task = await taskOf(second, id)
    assert.ok(Number(task.get('missed-runs')) >= 1)
    assert.equal((await taskOf(second, stopped)).get('state'), 'stopped')
    await until(
      'the late run',
      async () => (await taskOf(second, later)).get('state') === 'finished',
    )
    assert.equal((await taskOf(second, later)).get('runs'), 1)
  })

  test('a process with cron tags gets signed messages, each due time once', async (t) => {
    const folder = await temporaryFolder(t)
    const options = { verifyAssignments: true, ...SIGNED, cronProcessMinIntervalMs: 100 }
    const first = await start(t, folder, options)
    const pid = await spawn(first, {
      'Cron-Interval': '300-milliseconds',
      'Cron-Tag-Action': 'Tick',
      'Cron-Missed': 'catch-up-100',
    })
    await until('two messages', async () => (await slotOf(first, pid)) >= 2)
    await first.stop()
    const second = await start(t, folder, options)
    await until('more messages', async () => (await slotOf(second, pid)) >= 6)
    await second.stop()
    const third = await start(t, folder, { ...options, mode: 'local_confirmation' })
    await assertTicks(third, pid)
  })
})

async function listed(node: RunningNode): Promise<{ readonly tasks: readonly Value[] }> {
  const tasks = bodyOf((await get(`${node.url}/~cron@1.0/list`)).message()).get('tasks')
  return { tasks: isList(tasks) ? tasks : [] }
}

/** Every message after the process is signed by the node, and due 300 ms after the one before. */
async function assertTicks(node: RunningNode, pid: string): Promise<void> {
  const [spawned, ...ticks] = await readSchedule(node.url, pid)
  assert.ok(spawned !== undefined)
  assert.equal(idOf(bodyOf(spawned)), pid)
  for (const [n, tick] of ticks.entries()) {
    const message = bodyOf(tick)
    const dueMs: number = Number(spawned.get('timestamp')) + (n + 1) * 300
    assert.equal(message.get('timestamp'), `${dueMs}`)
    assert.equal(message.get('action'), 'Tick')
    assert.deepEqual(await verifyMessage(message), {
      ...{ valid: true, signers: [node.address], failed: [] },
    })
    assert.ok(Number(tick.get('timestamp')) >= dueMs)
  }
}
