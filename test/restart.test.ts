/** Nodes on real stores that are stopped and started again, and stores that were damaged meanwhile. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { isAoError } from '../src/base/errors.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { encodeBase64url } from '../src/crypto/base64url.ts'
import { sha256 } from '../src/crypto/hash.ts'
import { unsignedId } from '../src/message/id.ts'
import type { Message } from '../src/message/message.ts'
import { Atom } from '../src/message/value.ts'
import type { RunningNode } from '../src/node/node.ts'
import { openStore } from '../src/store/open-store.ts'
import type { Store } from '../src/store/store.ts'
import {
  assertSchedule,
  bodyOf,
  get,
  type HttpReply,
  idOf,
  keptLogger,
  postHttpsig,
  postItem,
  readPage,
  readSchedule,
  schedule,
  signHttpsig,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  temporaryFolder,
  walletB,
} from './node-kit.ts'

const ENGINES = ['lmdb', 'fs'] as const
type Engine = (typeof ENGINES)[number]

const MEBIBYTE = 1_048_576
/** Every byte there is, in no order that a codec could shorten. */
const LARGE = Uint8Array.from({ length: MEBIBYTE }, (_, n) => (n * 167 + (n >> 8)) & 255)

/** All that one can read of a process and its messages, without what the time of the reply gives. */
async function readings({ url }: RunningNode, paths: readonly string[]): Promise<string[]> {
  return Promise.all(
    paths.map(async (path) => {
      const reply = await get(url + path)
      assert.equal(reply.status, 200, `${path}: ${reply.text.slice(0, 200)}`)
      return `${path} ${shown(reply)}`
    }),
  )
}

function shown({ headers, bytes }: HttpReply): string {
  const kept = [...headers].filter(([name]) => !VOLATILE.has(name))
  return JSON.stringify([kept, encodeBase64url(sha256(bytes))])
}

/** Signatures of replies are random, and so are the ids that stand in their place in the message. */
const VOLATILE = new Set(['date', 'signature', 'signature-input', 'keep-alive', 'connection'])

for (const storeEngine of ENGINES) {
  describe(`a node on ${storeEngine} that was stopped and started`, () => {
    for (const assignmentChain of ['base-hashpath', 'hash-chain'] as const) {
      test(`goes on with the next slot of an unbroken ${assignmentChain}`, async (t) => {
        const options = { storeEngine, storePath: await temporaryFolder(t), assignmentChain }
        let node = await startTestNode(t, options)
        const processes = [await spawn(node), await spawn(node)]
        for (let run = 0; run < 3; run++) {
          for (const processId of processes) {
            const before = await get(`${node.url}/${processId}/slot/current`)
            assert.equal(before.text, String(run * 2))
            for (let n = 0; n < 2; n++) await schedule(node.url, await signMessage(processId))
          }
          await node.stop()
          node = await startTestNode(t, options)
        }
        for (const processId of processes) {
          const assignments = await readSchedule(node.url, processId)
          assert.equal(assignments.length, 7)
          await assertSchedule(assignments, { processId, signers: [node.address] })
        }
        const status = (await get(`${node.url}/~scheduler@1.0/status`)).message()
        assert.deepEqual(status.get('processes'), processes.toSorted())
      })
    }

    test('gives every message by each of its ids, and every page, as before', async (t) => {
      const options = { storeEngine, storePath: await temporaryFolder(t) }
      const first = await startTestNode(t, options)
      const process = await signProcess([first.address], { nested: { deep: { list: [1, 'two'] } } })
      const processId = idOf(process)
      await schedule(first.url, process)
      for (const message of [
        await signMessage(processId, { data: 'an item', 'Upper-Case': 'Kept' }),
        await signHttpsig({ target: processId, type: 'Message', flag: true, body: 'text' }),
      ]) {
        await schedule(first.url, message)
      }
      const assignments = await readSchedule(first.url, processId)
      const ids = assignments.flatMap((each) => [...idsOf(each), ...idsOf(bodyOf(each))])
      const paths = [
        ...ids.map((id) => `/${id}`),
        ...[`/${processId}/slot`, `/${processId}/schedule`, `/${processId}/schedule?from=1&to=1`],
        ...[`/${processId}/schedule?accept=application/aos-2`, `/${processId}/nested/deep/list/2`],
        ...[`/${processId}/schedule/assignments/2/body/flag`, '/~scheduler@1.0/status'],
        `/~scheduler@1.0/slot?target=${unsignedId(process)}`,
      ]
      const before = await readings(first, paths)
      await first.stop()
      const second = await startTestNode(t, options)
      assert.deepEqual(await readings(second, paths), before)
      const [, , third = process] = await readSchedule(second.url, processId)
      assert.deepEqual(bodyOf(third).get('flag'), Atom.true)
    })

    test('has large data byte for byte, once, under its hash', async (t) => {
      const storePath = await temporaryFolder(t)
      const first = await startTestNode(t, { storeEngine, storePath })
      const processId = await spawn(first)
      const message = await signMessage(processId, { data: LARGE })
      const httpsig = await signHttpsig({ target: processId, type: 'Message', data: LARGE })
      for (const each of [message, httpsig]) await schedule(first.url, each)
      await first.stop()

      const store = await openStore({ engine: storeEngine, path: storePath })
      const hash = encodeBase64url(sha256(LARGE))
      assert.ok(Buffer.from((await store.get(`data/${hash}`)) ?? []).equals(LARGE))
      await store.close()

      const second = await startTestNode(t, { storeEngine, storePath })
      for (const each of [message, httpsig]) {
        const { bytes } = await get(`${second.url}/${idOf(each)}/data`)
        assert.ok(bytes.equals(LARGE))
      }
      for (const assignment of (await readSchedule(second.url, processId)).slice(1)) {
        assert.ok(Buffer.from((bodyOf(assignment).get('data') ?? '') as Uint8Array).equals(LARGE))
        assert.ok((await verifyMessage(assignment)).valid)
      }
    })

    test('knows the scheduler locations that it was told, and its own', async (t) => {
      const options = { storeEngine, storePath: await temporaryFolder(t) }
      const first = await startTestNode(t, options)
      const path = '/~location@1.0/known'
      const record = { type: 'scheduler-location', url: 'http://b.example', nonce: 4 }
      assert.equal((await postHttpsig(first.url, path, await signHttpsig(record))).status, 200)
      const own = (await get(`${first.url}/~location@1.0/node`)).message()
      await first.stop()
      const second = await startTestNode(t, options)
      const known = (await get(`${second.url}/~location@1.0/${walletB.address}`)).message()
      assert.equal(known.get('url'), 'http://b.example')
      assert.deepEqual((await verifyMessage(known)).signers, [walletB.address])
      const older = await signHttpsig({ ...record, nonce: 3 })
      assert.equal((await postHttpsig(second.url, path, older)).status, 400)
      const still = (await get(`${second.url}/~location@1.0/node`)).message()
      assert.equal(idOf(still), idOf(own))
    })

    test('keeps schedules in a store of their own where it is told to', async (t) => {
      const folder = await temporaryFolder(t)
      const [storePath, schedulerStorePath] = [join(folder, 'messages'), join(folder, 'schedules')]
      const options = { storeEngine, storePath, schedulerStorePath }
      const first = await startTestNode(t, options)
      const processId = await spawn(first)
      await schedule(first.url, await signMessage(processId))
      await first.stop()
      const schedules = await openStore({ engine: storeEngine, path: schedulerStorePath })
      assert.deepEqual(await schedules.list('~scheduler@1.0/heads'), [processId])
      await schedules.close()
      const messages = await openStore({ engine: storeEngine, path: storePath })
      assert.deepEqual(await messages.list('~scheduler@1.0/heads'), [])
      await messages.close()
      const second = await startTestNode(t, options)
      await schedule(second.url, await signMessage(processId))
      const assignments = await readSchedule(second.url, processId)
      assert.equal(assignments.length, 3)
      await assertSchedule(assignments, { processId, signers: [second.address] })
    })

    test('is told clearly that its store is in use, and leaves that alone', async (t) => {
      const options = { storeEngine, storePath: await temporaryFolder(t) }
      const node = await startTestNode(t, options)
      const processId = await spawn(node)
      await assert.rejects(startTestNode(t, options), (error) => {
        assert.ok(isAoError(error, 'store-failed'))
        assert.match(error.message, /in use|already open|another/i)
        return true
      })
      await schedule(node.url, await signMessage(processId))
      assert.equal((await readPage(node.url, processId)).get('process'), processId)
    })
  })

  describe(`a damaged ${storeEngine} store`, () => {
    const damages: readonly (readonly [string, string, Damage])[] = [
      ['a head that is no JSON', 'schedule', (store, { head }) => put(store, head, 'broken')],
      ['a head without a slot', 'schedule', (store, { head }) => put(store, head, '{"slot":"1"}')],
      ['a record that is no message', 'read', (store, { record }) => put(store, record, '\u0001')],
      [
        'a record of an unknown version',
        'read',
        (store, { record }) => put(store, record, Uint8Array.of(0x94, 99, 0, 0x90, 0x90)),
      ],
      [
        'large data that is gone',
        'read',
        (store, { large }) => store.commit([{ kind: 'delete', path: large }]),
      ],
    ]
    for (const [name, call, damage] of damages) {
      test(`${name} is a 500 with an id in the log, for that process only`, async (t) => {
        const { node, lines, hurt, healthy } = await startDamaged(t, storeEngine, damage)
        const reply =
          call === 'schedule'
            ? await postItem(node.url, await signMessage(hurt))
            : await get(`${node.url}/${hurt}/schedule`)
        assert.equal(reply.status, 500)
        const id = /request id (\S+)/.exec(reply.text)?.[1] ?? assert.fail(reply.text)
        const logged = lines.filter(({ fields }) => fields.requestId === id)
        assert.ok(logged.some(({ fields }) => isAoError(fields.err ?? fields.error)))
        assert.doesNotMatch(reply.text, /store|corrupt|record/)

        await schedule(node.url, await signMessage(healthy))
        const assignments = await readSchedule(node.url, healthy)
        await assertSchedule(assignments, { processId: healthy, signers: [node.address] })
        assert.equal((await get(`${node.url}/ready`)).status, 200)
        const status = (await get(`${node.url}/~scheduler@1.0/status`)).message()
        assert.deepEqual(status.get('processes'), [hurt, healthy].toSorted())
      })
    }
  })
}

interface Places {
  readonly head: string
  /** Of the message at slot 1. */
  readonly record: string
  /** Of the data of the message at slot 2. */
  readonly large: string
}

type Damage = (store: Store, places: Places) => Promise<void>

function put(store: Store, path: string, value: string | Uint8Array): Promise<void> {
  return store.commit([{ kind: 'value', path, value: Buffer.from(value as string) }])
}

/** A node on a store with two processes, one of which was damaged. */
async function startDamaged(t: TestContext, storeEngine: Engine, damage: Damage) {
  const storePath = await temporaryFolder(t)
  const options: Partial<NodeConfig> = { storeEngine, storePath }
  const before = await startTestNode(t, options)
  const hurt = await spawn(before)
  const healthy = await spawn(before)
  const data = Buffer.alloc(20_000, hurt)
  const message: Message = await signMessage(hurt)
  await schedule(before.url, message)
  await schedule(before.url, await signMessage(hurt, { data }))
  await before.stop()
  const store = await openStore({ engine: storeEngine, path: storePath })
  await damage(store, {
    head: `~scheduler@1.0/heads/${hurt}`,
    record: `messages/${idOf(message)}`,
    large: `data/${await hashOfLarge(store)}`,
  })
  await store.close()
  const { logger, lines } = keptLogger()
  const node = await startTestNode(t, options, { logger })
  return { node, lines, hurt, healthy }
}

async function hashOfLarge(store: Store): Promise<string> {
  const [hash] = await store.list('data')
  return hash ?? assert.fail('the large value is not there')
}

/** Every id that a message is known by. */
function idsOf(message: Message): string[] {
  return [...new Set([idOf(message), unsignedId(message), ...message.commitments.keys()])]
}

test('a place that cannot be a store is refused by its name', async (t) => {
  const file = join(await temporaryFolder(t), 'file')
  await writeFile(file, 'not a folder')
  for (const storeEngine of ENGINES) {
    await assert.rejects(
      startTestNode(t, { storeEngine, storePath: join(file, 'store') }),
      (error) => isAoError(error, 'store-failed') && JSON.stringify(error.context).includes(file),
    )
  }
})
