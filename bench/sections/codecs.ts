/** The codecs by themselves: a message of a client, and an assignment with its message inline. */
import { decodeAns104, encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { commitMessage } from '../../src/codec/commit.ts'
import { formatFlat, parseFlat } from '../../src/codec/flat.ts'
import { decodeHttpsig, encodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { decodeJson, encodeJson } from '../../src/codec/json.ts'
import { verifyMessage } from '../../src/codec/verify.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { messageId, unsignedId } from '../../src/message/id.ts'
import type { Message } from '../../src/message/message.ts'
import { buildAssignment, commitAssignment } from '../../src/scheduler/assignment.ts'
import type { Row } from '../row.ts'
import type { Section } from '../section.ts'

type Work = () => unknown

export const benchCodecs: Section = async ({ size }) => {
  const runMs = size(1_000, 30)
  const rows: Row[] = []
  for (const device of ['ans104@1.0', 'httpsig@1.0'] as const) {
    const message = await clientMessage(device)
    for (const [what, work] of Object.entries(worksOf(device, message))) {
      const figure = (await perSecond(work, runMs)) / 1_000
      rows.push({ name: `codec, ${device}: ${what}`, figure, unit: 'thousand/s' })
    }
  }
  const assignment = await signedAssignment()
  for (const [what, work] of Object.entries(bundleWorks(assignment))) {
    const figure = (await perSecond(work, runMs)) / 1_000
    rows.push({ name: `codec, an assignment: ${what}`, figure, unit: 'thousand/s' })
  }
  return rows
}

/** Bytes are copied, because what was made of the same array before is known. */
function worksOf(device: 'ans104@1.0' | 'httpsig@1.0', message: Message): Record<string, Work> {
  const both = {
    'id of signers': () => messageId(message, 'all'),
    'unsigned id': () => unsignedId(message),
  }
  if (device === 'ans104@1.0') {
    const item = encodeAns104(message)
    const bare = message.withCommitments(new Map())
    return {
      encode: () => encodeAns104(bare),
      decode: () => decodeAns104(Uint8Array.from(item)),
      verify: () => verifyMessage(decodeAns104(Uint8Array.from(item))),
      ...both,
    }
  }
  const wire = encodeHttpsig(message)
  return {
    encode: () => encodeHttpsig(message),
    decode: () => decodeHttpsig(wire),
    verify: () => verifyMessage(decodeHttpsig(wire)),
    ...both,
  }
}

function bundleWorks(assignment: Message): Record<string, Work> {
  const bundle = { bundle: true }
  const json = encodeJson(assignment, bundle)
  const wire = encodeHttpsig(assignment, bundle)
  const flat = formatFlat(assignment)
  return {
    'encode httpsig@1.0 bundle': () => encodeHttpsig(assignment, bundle),
    'decode httpsig@1.0 bundle': () => decodeHttpsig(wire),
    'encode json@1.0 bundle': () => encodeJson(assignment, bundle),
    'decode json@1.0 bundle': () => decodeJson(json),
    'encode flat@1.0': () => formatFlat(assignment),
    'decode flat@1.0': () => parseFlat(flat),
  }
}

function clientMessage(device: 'ans104@1.0' | 'httpsig@1.0'): Promise<Message> {
  const keys = {
    ...{ type: 'Message', target: 'A'.repeat(43), action: 'Bench', 'data-protocol': 'ao' },
    ...{ variant: 'ao.N.1', number: 1, data: 'x'.repeat(64) },
  }
  return commitMessage(createMessage(keys), testWallet(), { device })
}

async function signedAssignment(): Promise<Message> {
  const body = await clientMessage('ans104@1.0')
  const block = { height: 1_700_000, hash: 'A'.repeat(43), timestamp: 1_700_000_000 }
  const fields = { processId: 'A'.repeat(43), slot: 1, timestamp: 1_763_000_000_000, block, body }
  const assignment = buildAssignment({
    ...{ ...fields, chainKind: 'base-hashpath', chain: 'A'.repeat(43) },
  })
  return commitAssignment(assignment, [testWallet()], 'httpsig@1.0')
}

/** Calls a second, one after the other. */
async function perSecond(work: Work, runMs: number): Promise<number> {
  for (const endMs = performance.now() + runMs / 4; performance.now() < endMs; ) await work()
  const startMs = performance.now()
  let calls = 0
  for (; performance.now() - startMs < runMs; calls++) {
    const made = work()
    if (made instanceof Promise) await made
  }
  return (calls * 1_000) / (performance.now() - startMs)
}
