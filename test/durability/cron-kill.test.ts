/**
 * A node with tasks is killed with SIGKILL, again and again, and started on the same store: no task
 * that it acknowledged is lost, what was due runs as the policy of its task says, and each due time
 * of a process has its message once.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { bodyOf, readSchedule, request, spawn, temporaryFolder } from '../node-kit.ts'
import { type ChildNode, killNode, startChild } from './child-node.ts'

const KILLS = 3
const INTERVAL_MS = 150
/** Of the task that runs again and again. */
const TIMES = 40

function start(t: TestContext, storePath: string): Promise<ChildNode> {
  return startChild(t, {
    ...{ storePath, cronAccess: 'open', verifyAssignments: 'accept-unsigned' },
    ...{ cronProcessMinIntervalMs: 50, cronHistory: TIMES },
  })
}

/** Makes tasks that run once, soon, until the node dies; notes the numbers of those it acknowledged. */
async function makeTasks(
  { url }: ChildNode,
  { pid, missed, acknowledged }: { pid: string; missed: string; acknowledged: string[] },
): Promise<void> {
  for (;;) {
    const number = `${missed}-${performance.now()}`
    const query = `n=${number}&missed=${missed}&in=30-milliseconds&retries=0`
    const path = `/~cron@1.0/once?cron-path=/${pid}/schedule&${query}`
    try {
      const reply = await request(url + path, { method: 'POST' })
      assert.equal(reply.status, 200, reply.text)
      acknowledged.push(number)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

/** Waits until no task is left that still has to run once. */
async function untilDone(url: string): Promise<void> {
  const endMs = performance.now() + 60_000
  for (let active = 1; active > 0; ) {
    assert.ok(performance.now() < endMs, 'all tasks are done within a minute')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const query = 'limit=1000&state=active&require-codec=application/json&accept-bundle=true'
    const { text } = await request(`${url}/~cron@1.0/list?${query}`)
    const { tasks } = (JSON.parse(text) as { body: { tasks: { kind: string }[] } }).body
    active = tasks.filter(({ kind }) => kind === 'path').length
  }
}

test('SIGKILL loses no task, and doubles no run that its policy does not double', async (t) => {
  const folder = await temporaryFolder(t)
  let node = await start(t, folder)
  const target = await spawn(node)
  const ticking = await spawn(node, {
    ...{ 'Cron-Interval': `${INTERVAL_MS}-milliseconds`, 'Cron-Missed': 'catch-up-1000' },
  })
  const every = `every?interval=100-milliseconds&times=${TIMES}&missed=catch-up&overlap=allow`
  const path = `/~cron@1.0/${every}&cron-path=/${target}/schedule&n=again`
  const again = (await request(node.url + path, { method: 'POST' })).text
  const made: Record<'once' | 'skip', string[]> = { once: [], skip: [] }
  for (let round = 0; round < KILLS; round++) {
    const before = { once: made.once.length, skip: made.skip.length }
    const making = (['once', 'skip'] as const).map((missed) =>
      makeTasks(node, { pid: target, missed, acknowledged: made[missed] }),
    )
    do await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 300))
    while (made.once.length < before.once + 2 || made.skip.length < before.skip + 2)
    await killNode(node)
    await Promise.all(making)
    node = await start(t, folder)
  }
  await untilDone(node.url)
  const counts = new Map<string, number>()
  for (const assignment of await readSchedule(node.url, target)) {
    const number = String(bodyOf(assignment).get('n'))
    counts.set(number, (counts.get(number) ?? 0) + 1)
  }
  for (const number of made.once) assert.ok((counts.get(number) ?? 0) >= 1, `${number} ran`)
  for (const number of made.skip) assert.ok((counts.get(number) ?? 0) <= 1, `${number} ran once`)
  const doubled = made.once.filter((number) => (counts.get(number) ?? 0) > 1)
  // Only what was under way when the node died, and not yet recorded, may have run twice.
  assert.ok(doubled.length <= KILLS * 40, `${doubled.length} runs were doubled`)
  assert.ok((counts.get('again') ?? 0) >= TIMES, 'each due time ran')
  await assertGrid(node, again)
  await assertTicks(node, ticking)
  node.child.kill('SIGTERM')
  assert.deepEqual(await once(node.child, 'exit'), [0, null])
})

/** A task that runs again and again has recorded each of its due times once. */
async function assertGrid({ url }: ChildNode, task: string): Promise<void> {
  const query = `task=${task}&require-codec=application/json&accept-bundle=true`
  const { text } = await request(`${url}/~cron@1.0/get?${query}`)
  const { body } = JSON.parse(text) as {
    body: { created: number; history: { due: number }[]; 'skipped-runs': number }
  }
  const due = body.history.map((run) => (run.due - body.created) / 100).toSorted((a, b) => a - b)
  assert.equal(new Set(due).size, TIMES)
  if (body['skipped-runs'] > 0) return
  assert.deepEqual(
    due,
    due.map((_, n) => n),
  )
}

/** Each due time from the first to the last has its message, once and in order. */
async function assertTicks({ url }: ChildNode, pid: string): Promise<void> {
  const [spawned, ...ticks] = await readSchedule(url, pid)
  const startMs = Number(spawned?.get('timestamp'))
  const due = ticks.map((tick) => Number(bodyOf(tick).get('timestamp')) - startMs)
  assert.ok(due.length >= KILLS, `${due.length} messages`)
  assert.deepEqual(
    due,
    due.map((_, n) => (n + 1) * INTERVAL_MS),
  )
}
