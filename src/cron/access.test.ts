/** Who may make and manage tasks, and which signatures count. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AoError } from '../base/errors.ts'
import { sha256Text } from '../crypto/hash.ts'
import type { Commitment } from '../message/commitment.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import type { CronAccess } from './access.ts'
import { type FixtureOptions, NODE, OPERATOR, startCron } from './cron-fixture.ts'

const ALICE = 'A'.repeat(43)
const BOB = 'B'.repeat(43)
const TASK = { 'cron-path': '/x', in: '1-hour' }

const RSA = { type: 'rsa-pss-sha512', fields: new Map() }

interface Signing {
  readonly by?: string
  /** Who signed the same, too. */
  readonly beside?: string
  /** Keys that the signature covers. Default: all. */
  readonly covers?: readonly string[]
  /** The path that was signed. Default: that of the key. */
  readonly signedPath?: string
}

/** A step of a path, as the resolver hands it to a device: beside it the request as it came. */
function step(key: string, keys: Readonly<Record<string, Value>>, signing: Signing = {}): Message {
  const { by, beside, signedPath = `/~cron@1.0/${key}` } = signing
  const entries = Object.entries(keys)
  const received: [string, Value][] = [...entries, ['path', signedPath], ['method', 'GET']]
  const committed = signing.covers ?? [...Object.keys(keys), 'path']
  const signers = [by, beside].filter((signer) => signer !== undefined)
  const commitments = new Map(
    signers.map((committer): [string, Commitment] => {
      const id = idOf(committer, key, keys)
      return [id, { id, device: 'httpsig@1.0', committer, committed, ...RSA }]
    }),
  )
  const request = new Message(received, commitments)
  return new Message([...entries, ['path', key], ['method', 'GET']], commitments, { request })
}

function idOf(...parts: unknown[]): string {
  return sha256Text(JSON.stringify(parts))
}

/** Believes every signature but those of Mallory. */
const verify: FixtureOptions['verify'] = async ({ commitments }) => {
  const signers = [...commitments.values()].flatMap(({ committer }) => committer ?? [])
  return { valid: !signers.includes('mallory'), signers }
}

const start = (access: CronAccess) => startCron({ access, verify })
const refusal = (code: AoError['code'], reason: RegExp) => (error: unknown) =>
  error instanceof AoError && error.code === code && reason.test(error.message)

describe('making tasks', () => {
  test('open takes unsigned requests, signed does not', async () => {
    const open = await start('open')
    const id = await open.cron.create('once', step('once', TASK))
    assert.deepEqual(open.task(id).definition.owners, [])
    const signed = await start('signed')
    await assert.rejects(
      signed.cron.create('once', step('once', TASK)),
      refusal('unauthorized', /sign the request/),
    )
  })

  test('signed takes any signer, who owns the task', async () => {
    const { cron, task } = await start('signed')
    const id = await cron.create('once', step('once', TASK, { by: ALICE }))
    assert.deepEqual(task(id).definition.owners, [ALICE])
    assert.equal(task(id).definition.isSigned, false)
  })

  test('operator takes only the operator', async () => {
    const { cron } = await start('operator')
    await assert.rejects(
      cron.create('once', step('once', TASK, { by: ALICE })),
      refusal('unauthorized', /operator only/),
    )
    await cron.create('once', step('once', TASK, { by: OPERATOR }))
  })

  test('a signature that does not hold is refused, even where none is needed', async () => {
    const { cron } = await start('open')
    await assert.rejects(
      cron.create('once', step('once', TASK, { by: 'mallory' })),
      refusal('invalid-signature', /signatures hold/),
    )
  })

  test('a signature must cover the path and every key that the device acts on', async () => {
    const { cron } = await start('open')
    for (const [covers, reason] of [
      [['cron-path', 'in'], /covers the path/],
      [['path', 'in'], /covers cron-path/],
      [['path', 'cron-path'], /covers in/],
    ] as const) {
      await assert.rejects(
        cron.create('once', step('once', TASK, { by: ALICE, covers })),
        refusal('invalid-signature', reason),
      )
    }
  })

  test('what the node itself signed passes for a request only with a plain path', async () => {
    const { cron, task } = await start('signed')
    const id = await cron.create('once', step('once', TASK, { by: NODE }))
    assert.equal(task(id).definition.isSigned, true)
    for (const signedPath of [
      '~cron@1.0/once',
      '/~cron@1.0/once?in=1-hour&cron-path=/x',
      '/~cron@1.0/once="/x"',
      '/~cron@1.0/once/body',
    ]) {
      for (const by of [NODE, OPERATOR]) {
        await assert.rejects(
          cron.create('once', step('once', { ...TASK, n: signedPath }, { by, signedPath })),
          refusal('invalid-signature', /operator/),
          signedPath,
        )
      }
    }
    for (const key of ['status', 'slot']) {
      await assert.rejects(
        cron.create('once', step('once', { ...TASK, [key]: 200 }, { by: NODE })),
        refusal('invalid-signature', /operator/),
      )
    }
  })

  test('an owner has a bounded number of tasks, the operator has not', async () => {
    const { cron } = await startCron({ access: 'signed', verify, maxTasksPerOwner: 1, maxTasks: 5 })
    const make = (by: string, n: string) =>
      cron.create('once', step('once', { n, ...TASK }, { by }))
    await make(ALICE, '1')
    await assert.rejects(make(ALICE, '2'), refusal('overloaded', /1 tasks already/))
    const both = await Promise.allSettled([make('C'.repeat(43), '1'), make('C'.repeat(43), '2')])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    await make(OPERATOR, '1')
    await make(OPERATOR, '2')
    await make(BOB, '1')
    await assert.rejects(make(OPERATOR, '3'), refusal('overloaded', /This node has 5/))
  })

  test('a signed request that comes again makes no second task, even when that is over', async () => {
    const { cron, time, runs } = await start('signed')
    const again = () => cron.create('once', step('once', { 'cron-path': '/x' }, { by: ALICE }))
    const id = await again()
    await time.advance(100)
    assert.equal(await again(), id)
    await time.advance(100)
    assert.equal(runs.length, 1)
    const other = step('every', { ...TASK, interval: '1-hour' }, { by: ALICE })
    const stopped = await cron.create('every', other)
    await cron.manage('stop', step('stop', { task: stopped }, { by: ALICE }))
    await assert.rejects(cron.create('every', other), {
      message: /was stopped; sign a new request/,
    })
  })

  test('nor does it when somebody has signed beside, or has taken a signature off', async () => {
    const first = await start('signed')
    const make = (cron: typeof first.cron, signing: Signing) =>
      cron.create('once', step('once', TASK, signing))
    const id = await make(first.cron, { by: ALICE })
    const refused = refusal('invalid-request', /^This request was made before/)
    await assert.rejects(make(first.cron, { by: ALICE, beside: BOB }), refused)
    const second = await start('signed')
    const both = await make(second.cron, { by: ALICE, beside: BOB })
    assert.equal(await make(second.cron, { by: ALICE, beside: BOB }), both)
    assert.notEqual(both, id)
    const { cron } = await second.restart()
    await assert.rejects(make(cron, { by: ALICE }), refused)
    await assert.rejects(make(cron, { by: BOB }), refused)
    const third = await start('signed')
    const at = [make(third.cron, { by: ALICE }), make(third.cron, { by: ALICE, beside: BOB })]
    const statuses = (await Promise.allSettled(at)).map(({ status }) => status)
    assert.deepEqual(statuses, ['fulfilled', 'rejected'])
  })

  test('nor when the task was forgotten long ago', async () => {
    const first = await startCron({ access: 'signed', verify, maxEnded: 1 })
    const once = (n: string) => step('once', { 'cron-path': '/x', n }, { by: ALICE })
    for (const n of ['1', '2', '3']) {
      await first.cron.create('once', once(n))
      await first.time.advance(200)
    }
    const { cron, time, runs } = await first.restart(1_000)
    assert.equal((await cron.list({ limit: 10 })).tasks.length, 1)
    for (const n of ['1', '2']) {
      await assert.rejects(cron.create('once', once(n)), {
        message: /^This request was made before/,
      })
    }
    await time.advance(1_000)
    assert.equal(runs.length, 0)
  })

  test('an unsigned request has the id of what it says, whatever it claims', async () => {
    const { cron } = await start('open')
    const request = step('once', TASK)
    const claim: Commitment = {
      ...{ id: 'X'.repeat(43), device: 'httpsig@1.0', type: 'hmac-sha256', keyid: 'constant:ao' },
      ...{ committed: ['path'], fields: new Map() },
    }
    const claimed = new Message([...request], new Map([[claim.id, claim]]))
    assert.equal(await cron.create('once', claimed), await cron.create('once', request))
  })
})

describe('managing tasks', () => {
  test('only the owner and the operator may, also on an open node', async () => {
    for (const access of ['signed', 'open'] as const) {
      const { cron, task } = await start(access)
      const id = await cron.create('once', step('once', TASK, { by: ALICE }))
      for (const by of [BOB, undefined]) {
        await assert.rejects(
          cron.manage('stop', step('stop', { task: id }, by === undefined ? {} : { by })),
          refusal('unauthorized', /signature of the owner/),
        )
      }
      await cron.manage('pause', step('pause', { task: id }, { by: ALICE }))
      assert.equal(task(id).state, 'paused')
      await cron.manage('stop', step('stop', { task: id }, { by: OPERATOR }))
      assert.equal(task(id).state, 'stopped')
    }
  })

  test('a signed request works once, also after a restart', async () => {
    const { cron, task, restart } = await start('signed')
    const id = await cron.create('once', step('once', TASK, { by: ALICE }))
    const pause = step('pause', { task: id }, { by: ALICE })
    await cron.manage('pause', pause)
    await cron.manage('resume', step('resume', { task: id }, { by: ALICE }))
    const refused = { message: /^This request was made before/ }
    await assert.rejects(cron.manage('pause', pause), refused)
    const beside = step('pause', { task: id }, { by: ALICE, beside: BOB })
    await assert.rejects(cron.manage('pause', beside), refused)
    assert.equal(task(id).state, 'active')
    const next = await restart()
    await assert.rejects(next.cron.manage('pause', pause), refused)
    assert.equal(next.task(id).state, 'active')
    const run = step('run', { task: id }, { by: ALICE })
    const both = await Promise.allSettled([
      next.cron.manage('run', run),
      next.cron.manage('run', run),
    ])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  })

  test('a task without owner is anybody’s on an open node, else the operator’s', async () => {
    const open = await start('open')
    const id = await open.cron.create('once', step('once', TASK))
    const closed = await startCron({ access: 'signed', verify, store: open.store })
    await assert.rejects(
      closed.cron.manage('stop', step('stop', { task: id }, { by: BOB })),
      refusal('unauthorized', /owner/),
    )
    await open.cron.manage('stop', step('stop', { task: id }))
  })
})
