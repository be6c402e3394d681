/** What a request for a task may say, over real HTTP: when it ends, what overlaps, what was missed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commitMessage } from '../src/codec/commit.ts'
import { startFake } from './fake-network.ts'
import {
  clientWallet,
  get,
  postHttpsig,
  request,
  signHttpsig,
  startTestNode,
  temporaryFolder,
  walletA,
  walletB,
} from './node-kit.ts'

const OPEN = { cronAccess: 'open', testDevices: true } as const
const QUICK = 'cron-path=/~test-device@1.0/test-func'
const SLOW = 'cron-path=/~test-device@1.0/delay&duration=300'

interface SeenTask {
  readonly state: string
  readonly runs: number
  readonly 'skipped-runs': number
  readonly 'missed-runs': number
  readonly reason?: string
  readonly history: readonly { readonly due: number; readonly started: number }[]
}

async function make(node: { readonly url: string }, path: string): Promise<string> {
  const reply = await request(`${node.url}/~cron@1.0/${path}`)
  assert.equal(reply.status, 200, reply.text)
  return reply.text
}

async function see(node: { readonly url: string }, id: string): Promise<SeenTask> {
  const json = 'require-codec=application/json&accept-bundle=true'
  const { text } = await request(`${node.url}/~cron@1.0/get?task=${id}&${json}`)
  return (JSON.parse(text) as { body: SeenTask }).body
}

/** A task in the state, waited for. */
async function seeWhen(
  node: { readonly url: string },
  id: string,
  isSo: (task: SeenTask) => boolean,
): Promise<SeenTask> {
  for (const endMs = performance.now() + 20_000; ; ) {
    const task = await see(node, id)
    if (isSo(task)) return task
    assert.ok(performance.now() < endMs, `within 20 seconds: ${JSON.stringify(task)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const isFinished = ({ state }: SeenTask) => state === 'finished'

describe('a task', () => {
  test('ends after its times, on its grid, whatever overlaps', async (t) => {
    const node = await startTestNode(t, OPEN)
    const every = 'every?interval=100-milliseconds&times=3'
    const ids = {
      skip: await make(node, `${every}&${SLOW}`),
      queue: await make(node, `${every}&overlap=queue&${SLOW}`),
      allow: await make(node, `${every}&overlap=allow&${SLOW}`),
      jitter: await make(node, `${every}&jitter=90-milliseconds&overlap=queue&${QUICK}`),
    }
    for (const [name, id] of Object.entries(ids)) {
      const { runs, history } = await seeWhen(node, id, isFinished)
      assert.deepEqual([runs, history.length], [3, 3], name)
      const [first] = history.map(({ due }) => due).toSorted()
      assert.ok(
        history.every(({ due }) => (due - (first ?? 0)) % 100 === 0),
        name,
      )
      assert.ok(
        history.every(({ due, started }) => started >= due),
        name,
      )
    }
    const skip = await see(node, ids.skip)
    assert.ok(skip['skipped-runs'] + skip['missed-runs'] >= 2)
    assert.equal((await see(node, ids.allow))['skipped-runs'], 0)
  })

  test('ends at a time', async (t) => {
    const node = await startTestNode(t, OPEN)
    const untilMs = Date.now() + 1_000
    const id = await make(node, `every?interval=200-milliseconds&until=${untilMs}&${QUICK}`)
    const { history } = await seeWhen(node, id, isFinished)
    assert.ok(history.length >= 1)
    assert.ok(history.every(({ due }) => due <= untilMs))
  })

  test('runs after a delay, at a time, or by the calendar', async (t) => {
    const node = await startTestNode(t, OPEN)
    const before = Date.now()
    const inId = await make(node, `once?in=300-milliseconds&${QUICK}`)
    const atMs = before + 400
    const atId = await make(node, `once?at=${new Date(atMs).toISOString()}&${QUICK}`)
    const expression = encodeURIComponent('* * * * * *')
    const cronId = await make(node, `cron?cron=${expression}&times=2&${QUICK}`)
    const [run] = (await seeWhen(node, inId, isFinished)).history
    assert.ok((run?.due ?? 0) >= before + 300)
    assert.equal((await seeWhen(node, atId, isFinished)).history[0]?.due, atMs)
    const [first, second] = (await seeWhen(node, cronId, isFinished)).history
    assert.equal((first?.due ?? 1) % 1_000, 0)
    assert.ok((second?.due ?? 0) >= (first?.due ?? 0) + 1_000)
  })

  test('goes by the blocks that the gateway tells of', async (t) => {
    let height = 1_500_000
    const gateway = await startFake(t, (_request, response) =>
      response.end(
        JSON.stringify({ height, indep_hash: 'h'.repeat(64), timestamp: 1_795_000_000 }),
      ),
    )
    const node = await startTestNode(t, { ...OPEN, gatewayUrl: gateway.url, blockPollMs: 1_000 })
    await gateway.reached(2)
    const id = await make(node, `every?interval=10-blocks&times=3&${QUICK}`)
    await seeWhen(node, id, ({ history }) => history.length === 1)
    height += 9
    await gateway.reached(gateway.received.length + 2)
    assert.equal((await see(node, id)).runs, 1)
    height += 1
    await seeWhen(node, id, ({ history }) => history.length === 2)
    height += 10
    const { history } = await seeWhen(node, id, isFinished)
    assert.deepEqual(
      history.map(({ due }) => due),
      [1_500_000, 1_500_010, 1_500_020],
    )
  })

  test('that failed is tried again, and tells why', async (t) => {
    const node = await startTestNode(t, { ...OPEN, cronRunTimeoutMs: 50 })
    const id = await make(node, `once?retries=1&${SLOW}`)
    const { history } = await seeWhen(node, id, isFinished)
    assert.deepEqual(
      history.map((run) => ({ ...run, due: 0, started: 0, 'duration-ms': 0 })),
      [
        {
          ...{ attempts: 2, 'duration-ms': 0, due: 0, started: 0, status: 504 },
          reason: 'The run did not end within 50 ms',
        },
      ],
    )
    const refused = await make(node, `once?cron-path=/~test-device@1.0/load/nothing`)
    const [run] = (await seeWhen(node, refused, isFinished)).history
    assert.deepEqual(
      { ...run, due: 0, started: 0, 'duration-ms': 0 },
      {
        ...{ attempts: 1, 'duration-ms': 0, due: 0, started: 0, status: 404 },
        reason: 'not_found',
      },
    )
  })
})

describe('due times that a node was not there for', () => {
  /** The clock of a machine, at a time that the test chooses. */
  const clockAt = (time: string) => {
    const aheadMs = Date.parse(time) - Date.now()
    return { now: () => Date.now() + aheadMs }
  }

  test('are made up for as the task says, at their hour when the clocks change', async (t) => {
    const store = { storeEngine: 'lmdb', storePath: await temporaryFolder(t) } as const
    const friday = { clock: clockAt('2026-03-27T12:00:00Z') }
    const first = await startTestNode(t, { ...OPEN, ...store }, friday)
    const rule = `cron=${encodeURIComponent('30 2 * * *')}&time-zone=Europe/Berlin&${QUICK}`
    const all = await make(first, `cron?missed=catch-up&${rule}`)
    const one = await make(first, `cron?missed=once&${rule}`)
    const none = await make(first, `cron?missed=skip&${rule}`)
    await first.stop()
    const wednesday = { clock: clockAt('2026-04-01T12:00:00Z') }
    const second = await startTestNode(t, { ...OPEN, ...store }, wednesday)
    const { history } = await seeWhen(second, all, ({ history }) => history.length === 5)
    assert.deepEqual(
      history.map(({ due }) => new Date(due).toISOString()),
      [
        '2026-03-28T01:30:00.000Z',
        // 02:30 does not exist on this day.
        '2026-03-29T01:00:00.000Z',
        '2026-03-30T00:30:00.000Z',
        '2026-03-31T00:30:00.000Z',
        '2026-04-01T00:30:00.000Z',
      ],
    )
    const newest = await seeWhen(second, one, ({ history }) => history.length === 1)
    assert.equal(newest.history[0]?.due, Date.parse('2026-04-01T00:30:00Z'))
    assert.equal(newest['missed-runs'], 4)
    const skipped = await seeWhen(second, none, (task) => task['missed-runs'] === 5)
    assert.deepEqual([skipped.runs, skipped.state], [0, 'active'])
  })
})

describe('cronAccess', () => {
  const keys = { 'cron-path': '/~meta@1.0/info', interval: '1-hour', path: '/~cron@1.0/every' }

  test('operator, the default: nobody else makes tasks', async (t) => {
    const node = await startTestNode(t)
    const post = async (wallet?: typeof walletA) => {
      const message = wallet === undefined ? undefined : await signHttpsig(keys, wallet)
      return message === undefined
        ? get(`${node.url}/~cron@1.0/every?interval=1-hour&cron-path=/x`)
        : postHttpsig(node.url, keys.path, message)
    }
    for (const wallet of [undefined, walletB, clientWallet]) {
      const { status, text } = await post(wallet)
      assert.equal(status, 401)
      assert.match(text, /from its operator only/)
    }
    assert.equal((await post(walletA)).status, 200)
  })

  test('signed: a request with another signature beside the first makes no second task', async (t) => {
    const node = await startTestNode(t, { cronAccess: 'signed' })
    const first = await signHttpsig({ ...keys, nonce: 'n' }, walletB)
    const made = await postHttpsig(node.url, keys.path, first)
    assert.equal(made.status, 200)
    const both = await commitMessage(first, clientWallet, { device: 'httpsig@1.0' })
    const again = await postHttpsig(node.url, keys.path, both)
    assert.equal(again.status, 400)
    assert.match(again.text, /^This request was made before/)
  })
})
