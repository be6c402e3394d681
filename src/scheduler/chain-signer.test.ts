import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { zeroBlockClock } from '../arweave/block-clock.ts'
import { commitMessage } from '../codec/commit.ts'
import { verifyMessage } from '../codec/verify.ts'
import { generateWallet, walletToJwk } from '../crypto/local-wallet.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { Link } from '../message/value.ts'
import { buildAssignment, commitAssignment, withBody } from './assignment.ts'
import { nextBaseHashpath } from './chain.ts'
import {
  type ChainDraft,
  type ChainRun,
  createChainSigner,
  createChainSigners,
} from './chain-signer.ts'
import type { AppendEntry } from './schedule-store.ts'
import { createProcessServer } from './server.ts'

const PROCESS = 'P'.repeat(43)
const wallet = testWallet()
const block = zeroBlockClock.current()

const draft = (slot: number): ChainDraft => ({
  ...{ processId: PROCESS, slot, timestamp: 1_000 + slot, block, path: 'compute' },
  bodyId: Buffer.alloc(32, slot + 1).toString('base64url'),
})

const openSigner = () => createChainSigner(walletToJwk(wallet), { maxRuns: 2 })

async function assertUnavailable(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, { code: 'unavailable' })
}

/** What it says, without what differs from signature to signature. */
function contentOf(message: Message): unknown {
  const commitments = [...message.commitments.values()].map(
    ({ device, type, committed, committer, keyid, fields }) => {
      return { device, type, committed, committer, keyid, fields: [...fields] }
    },
  )
  return { keys: [...message], commitments }
}

describe('a run of a chain signer', () => {
  it('makes the assignments that this thread would make, each on the one before', async () => {
    await using signer = openSigner()
    const run = signer.open({ baseHashpath: PROCESS })
    assert.ok(run)
    const drafts = Array.from({ length: 5 }, (_, slot) => draft(slot))
    const signed = await Promise.all(drafts.map((each) => run.sign(each)))
    run.close()
    let chain: string = PROCESS
    for (const [index, assignment] of signed.entries()) {
      const { bodyId, ...fields } = draft(index)
      const body = new Link(bodyId)
      const how = { chainKind: 'base-hashpath', chain, body } as const
      const own = await commitAssignment(
        buildAssignment({ ...fields, ...how }),
        [wallet],
        'ans104@1.0',
      )
      assert.deepEqual(contentOf(withBody(assignment, body)), contentOf(withBody(own, body)))
      assert.equal((await verifyMessage(assignment)).valid, true)
      chain = nextBaseHashpath(chain, messageId(assignment))
    }
  })

  it('links to the body by the id that a whole message there would get', async () => {
    await using signer = openSigner()
    const body = await commitMessage(createMessage({ action: 'Test' }), wallet, {
      device: 'ans104@1.0',
    })
    const fields = { ...draft(0), chain: PROCESS }
    const own = await commitAssignment(
      buildAssignment({ ...fields, chainKind: 'base-hashpath', body }),
      [wallet],
      'ans104@1.0',
    )
    const run = signer.open({ baseHashpath: PROCESS })
    const signed = await run?.sign({ ...draft(0), bodyId: messageId(body) })
    assert.deepEqual(signed && contentOf(withBody(signed, body)), contentOf(own))
  })

  it('keeps runs apart, and opens no more than may be open', async () => {
    await using signer = openSigner()
    const one = signer.open({ baseHashpath: 'A'.repeat(43) })
    const two = signer.open({ baseHashpath: 'B'.repeat(43) })
    assert.equal(signer.open({ baseHashpath: 'C'.repeat(43) }), undefined)
    const [first, second] = await Promise.all([one?.sign(draft(0)), two?.sign(draft(0))])
    assert.equal(first?.get('base-hashpath'), 'A'.repeat(43))
    assert.equal(second?.get('base-hashpath'), 'B'.repeat(43))
    const last = one?.sign(draft(1))
    one?.close()
    one?.close()
    assert.ok(signer.open({ baseHashpath: 'C'.repeat(43) }))
    assert.equal(signer.open({ baseHashpath: 'D'.repeat(43) }), undefined)
    assert.equal((await last)?.get('slot'), 1)
  })

  it('fails what is under way when the thread ends, and starts another for the next run', async () => {
    await using signer = openSigner()
    const run = signer.open({ baseHashpath: PROCESS })
    assert.ok(run)
    const signing = [draft(0), draft(1), draft(2)].map((each) => assertUnavailable(run.sign(each)))
    await signer.close()
    await Promise.all(signing)
    await assertUnavailable(run.sign(draft(3)))
    run.close()
    const next = signer.open({ baseHashpath: PROCESS })
    assert.equal((await next?.sign(draft(0)))?.get('slot'), 0)
  })
})

it('a chain signer leaves a thread that failed alone', async () => {
  await using signer = createChainSigner({}, { maxRuns: 1 })
  const run = signer.open({ baseHashpath: PROCESS })
  assert.ok(run)
  await assertUnavailable(run.sign(draft(0)))
  run.close()
  assert.equal(signer.open({ baseHashpath: PROCESS }), undefined)
})

it('createChainSigners() has one for a wallet of this process whose signatures are slow', async () => {
  await using signers = createChainSigners({ maxRuns: 1 })
  assert.ok(signers.of(wallet))
  assert.equal(signers.of(wallet), signers.of(wallet))
  assert.equal(signers.of(await generateWallet('ed25519')), undefined)
  const { type, address, publicKey } = wallet
  const elsewhere = { type, address, publicKey, sign: async () => new Uint8Array(512) }
  assert.equal(signers.of(elsewhere), undefined)
})

interface Scheduling {
  readonly openRun: (baseHashpath: string) => ChainRun | undefined
}

async function schedule(count: number, { openRun }: Scheduling) {
  const written: AppendEntry[] = []
  let signedAlone = 0
  const server = createProcessServer(
    {
      clock: { now: () => 1_000 },
      blockClock: zeroBlockClock,
      sign: (assignment) => {
        signedAlone++
        return commitAssignment(assignment, [wallet], 'ans104@1.0')
      },
      openRun,
      find: async () => undefined,
      append: async (entries) => void written.push(...entries),
      upload: async () => undefined,
    },
    {
      ...{ processId: PROCESS, mode: 'local_confirmation', chainKind: 'base-hashpath' },
      ...{ timeoutMs: 10_000, queueLimit: 1_000, signAhead: 4 },
    },
    undefined,
  )
  const all = Array.from({ length: count }, (_, n) => server.schedule(createMessage({ n })))
  const results = await Promise.allSettled(all)
  return { written, signedAlone, results }
}

async function assertSound(written: readonly AppendEntry[]): Promise<void> {
  let chain: string = PROCESS
  for (const [slot, { head, assignment }] of written.entries()) {
    assert.equal(head.slot, slot)
    assert.equal(assignment.message.get('slot'), slot)
    assert.equal(assignment.message.get('base-hashpath'), chain)
    assert.equal((await verifyMessage(assignment.message)).valid, true)
    chain = nextBaseHashpath(chain, assignment.id)
    assert.equal(head.baseHashpath, chain)
  }
}

describe('a server with many messages that wait', () => {
  it('signs them in a run', async () => {
    await using signer = openSigner()
    const { written, signedAlone, results } = await schedule(40, {
      openRun: (baseHashpath) => signer.open({ baseHashpath }),
    })
    assert.ok(results.every(({ status }) => status === 'fulfilled'))
    assert.ok(signedAlone < 10, `${signedAlone} were signed alone`)
    assert.equal(written.length, 40)
    await assertSound(written)
  })

  it('leaves no gap when a run breaks off', async () => {
    await using signer = openSigner()
    let runs = 0
    const openRun = (baseHashpath: string): ChainRun | undefined => {
      const run = signer.open({ baseHashpath })
      const breaks = ++runs % 2 === 1
      let signed = 0
      return (
        run && {
          sign: (each) => {
            if (breaks && ++signed === 3) void signer.close()
            return run.sign(each)
          },
          close: () => run.close(),
        }
      )
    }
    const { written, results } = await schedule(40, { openRun })
    const failed = results.filter(({ status }) => status === 'rejected').length
    assert.ok(failed > 0 && failed < 20, `${failed} failed`)
    assert.equal(written.length, 40 - failed)
    await assertSound(written)
  })

  it('drops what a run signed on another chain', async () => {
    await using signer = openSigner()
    const openRun = () => signer.open({ baseHashpath: 'E'.repeat(43) })
    const { written, results } = await schedule(12, { openRun })
    assert.ok(results.some(({ status }) => status === 'rejected'))
    await assertSound(written)
  })
})
