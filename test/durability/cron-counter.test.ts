/**
 * A process that a client spawned counts the messages that the node sends it by its cron tags. The
 * node is killed three times, while it ticks, while it catches up and while it computes; in the end
 * the process has counted every tick that was due, and none twice.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createSigner } from '@permaweb/aoconnect'
import { clientJwk } from '../clients/client-node.ts'
import { bodyOf, get, readSchedule, temporaryFolder } from '../node-kit.ts'
import { type ChildNode, killNode, startChild } from './child-node.ts'

const TICKS = 45
const INTERVAL_MS = 100
/** Slots after which the node is killed. */
const KILLED_AFTER = [5, 15, 30]

function start(t: TestContext, storePath: string): Promise<ChildNode> {
  return startChild(t, { storePath, cronProcessMinIntervalMs: INTERVAL_MS, cronHistory: TICKS })
}

function spawnCounter({ url }: ChildNode): Promise<string> {
  const ao = connect({ MODE: 'mainnet', URL: url, signer: createSigner(clientJwk()) })
  const tags = {
    'execution-device': 'counter@1.0',
    'Cron-Interval': `${INTERVAL_MS}-milliseconds`,
    'Cron-Times': `${TICKS}`,
    'Cron-Tag-Action': 'Increment',
  }
  return ao.spawn({
    module: 'ISShJH1ij-hPPt9St5UFFr_8Ys3Kj5cyg7zrMGt7H9s',
    tags: Object.entries(tags).map(([name, value]) => ({ name, value })),
  })
}

/** Waits until something about the process has come so far; fails when that takes a minute. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 60_000; !(await isSo()); await sleep(20)) {
    assert.ok(performance.now() < endMs, 'within a minute')
  }
}

test('three times SIGKILL: a counter has counted exactly the ticks that were due', async (t) => {
  const storePath = await temporaryFolder(t)
  let node = await start(t, storePath)
  const pid = await spawnCounter(node)
  for (const slot of KILLED_AFTER) {
    const { url } = node
    await until(async () => Number((await get(`${url}/${pid}/slot/current`)).text) >= slot)
    const computing = get(`${url}/${pid}/now/count`).catch(() => undefined)
    await killNode(node)
    await computing
    node = await start(t, storePath)
  }
  const { url } = node
  await until(
    async () => (await get(`${url}/~cron@1.0/get/body/state?task=${pid}`)).text === 'finished',
  )
  const [spawned, ...ticks] = await readSchedule(url, pid)
  const startMs = Number(spawned?.get('timestamp'))
  assert.deepEqual(
    ticks.map((tick) => Number(bodyOf(tick).get('timestamp')) - startMs),
    Array.from({ length: TICKS }, (_, n) => (n + 1) * INTERVAL_MS),
  )
  assert.equal((await get(`${url}/${pid}/now/count`)).text, `${TICKS}`)
  const ao = connect({ MODE: 'mainnet', URL: url, signer: createSigner(clientJwk()) })
  assert.equal((await ao.result({ process: pid, slot: TICKS })).Output.data, `${TICKS}`)
})
