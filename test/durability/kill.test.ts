/**
 * A node on LMDB is killed with SIGKILL in the middle of its work, again and again, and started on
 * the same store: whatever it acknowledged must be there, once, at its slot, in an unbroken chain.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { commitAns104 } from '../../src/codec/ans104/commit.ts'
import { decodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../../src/codec/verify.ts'
import type { NodeConfig } from '../../src/config/options.ts'
import { generateWallet } from '../../src/crypto/local-wallet.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { messageId } from '../../src/message/id.ts'
import { Message } from '../../src/message/message.ts'
import { nextBaseHashpath, nextHashChain } from '../../src/scheduler/chain.ts'

const KILLS = 4
const PROCESSES = 3
const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-kill-'))
const children = new Set<ChildProcess>()
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface RunningChild {
  readonly child: ChildProcess
  readonly url: string
  readonly address: string
}

async function start(options: Partial<NodeConfig>): Promise<RunningChild> {
  const script = fileURLToPath(new URL('node-child.ts', import.meta.url))
  const config = { host: '127.0.0.1', port: 0, storeEngine: 'lmdb', ...options }
  const child = spawn(process.execPath, [script, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, ...(JSON.parse(line.toString()) as { url: string; address: string }) }
}

async function kill({ child }: RunningChild): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Slots of what the node acknowledged, by message id, for each process. */
type Acknowledged = Map<string, Map<string, number>>

async function post(url: string, message: Message): Promise<number> {
  const response = await fetch(`${url}/~scheduler@1.0/schedule`, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104' },
    body: encodeAns104(message),
  })
  await response.arrayBuffer()
  assert.equal(response.status, 200)
  return Number(response.headers.get('slot'))
}

const client = await generateWallet('ed25519')

/** Posts messages until the node dies under it. */
async function postUntilKilled(url: string, processId: string, known: Map<string, number>) {
  for (let n = 0; ; n++) {
    const message = await commitAns104(
      createMessage({ target: processId, type: 'Message', n: `${n}-${performance.now()}` }),
      client,
    )
    try {
      known.set(messageId(message, 'all'), await post(url, message))
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

async function readSchedule(url: string, processId: string): Promise<Message[]> {
  const assignments: Message[] = []
  for (let hasMore = true; hasMore; ) {
    const page = await readPage(url, processId, assignments.length)
    const slots = page.get('assignments')
    assert.ok(slots instanceof Message)
    for (let slot = assignments.length; slots.has(String(slot)); slot++) {
      const assignment = slots.get(String(slot))
      assert.ok(assignment instanceof Message)
      assignments.push(assignment)
    }
    hasMore = String((page.get('continues') as { name?: string }).name) === 'true'
  }
  return assignments
}

async function readPage(url: string, processId: string, from: number): Promise<Message> {
  const target = `${url}/${processId}/schedule?from=${from}`
  const response = await fetch(target, { headers: { 'accept-bundle': 'true' } })
  assert.equal(response.status, 200)
  const headers = [...response.headers].map(
    ([name, value]) => [name, Buffer.from(value, 'latin1')] as const,
  )
  return decodeHttpsig({ headers, body: Buffer.from(await response.arrayBuffer()) })
}

/** Slots without gap, every signature, both chains, and each acknowledged message at its slot. */
async function audit(url: string, processId: string, known: Map<string, number>): Promise<void> {
  const assignments = await readSchedule(url, processId)
  let hashChain = ''
  let baseHashpath = processId
  const slots = new Map<string, number>()
  for (const [slot, assignment] of assignments.entries()) {
    assert.equal(assignment.get('slot'), slot)
    assert.equal(assignment.get('process'), processId)
    const { valid, signers } = await verifyMessage(assignment)
    assert.ok(valid && signers.length > 0, `assignment ${slot} verifies`)
    const body = assignment.get('body')
    assert.ok(body instanceof Message && (await verifyMessage(body)).valid)
    const id = messageId(body, 'all')
    slots.set(id, slot)
    hashChain = nextHashChain(hashChain, id)
    if (assignment.has('hash-chain')) assert.equal(assignment.get('hash-chain'), hashChain)
    else assert.equal(assignment.get('base-hashpath'), baseHashpath)
    baseHashpath = nextBaseHashpath(baseHashpath, messageId(assignment, 'all'))
  }
  assert.equal(slots.size, assignments.length, 'no message twice')
  for (const [id, slot] of known) {
    assert.equal(slots.get(id), slot, `slot ${slot} of ${assignments.length} is kept`)
  }
  const current = await fetch(`${url}/${processId}/slot/current`)
  assert.equal(await current.text(), String(assignments.length - 1))
}

for (const [assignmentChain, assignmentCommitment] of [
  ['base-hashpath', 'ans104@1.0'],
  ['hash-chain', 'httpsig@1.0'],
] as const) {
  test(`SIGKILL loses nothing acknowledged, ${assignmentChain} in ${assignmentCommitment}`, async () => {
    const options = {
      storePath: join(folder, assignmentChain),
      assignmentChain,
      assignmentCommitment,
    }
    const acknowledged: Acknowledged = new Map()
    let node = await start(options)
    for (let n = 0; n < PROCESSES; n++) {
      const process = await commitAns104(
        createMessage({ type: 'Process', device: 'process@1.0', scheduler: node.address, n }),
        client,
      )
      const id = messageId(process, 'all')
      acknowledged.set(id, new Map([[id, await post(node.url, process)]]))
    }
    for (let round = 0; round < KILLS; round++) {
      const posting = [...acknowledged].flatMap(([id, known]) => [
        postUntilKilled(node.url, id, known),
        postUntilKilled(node.url, id, known),
      ])
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 300))
      await kill(node)
      await Promise.all(posting)
      node = await start(options)
      for (const [id, known] of acknowledged) await audit(node.url, id, known)
    }
    const total = [...acknowledged.values()].reduce((sum, known) => sum + known.size, 0)
    assert.ok(total > PROCESSES * 2, `${total} messages were acknowledged`)
    node.child.kill('SIGTERM')
    const [code] = await once(node.child, 'exit')
    assert.equal(code, 0)
  })
}
