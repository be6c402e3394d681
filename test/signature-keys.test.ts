/** Messages whose keys have the names of signatures, as any data item may have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitMessage } from '../src/codec/commit.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { Message } from '../src/message/message.ts'
import {
  assignmentsOf,
  bodyOf,
  clientWallet,
  idOf,
  readPage,
  schedule,
  spawn,
  startTestNode,
} from './node-kit.ts'

const VALUES = [
  { signature: 'abc', 'signature-input': '' },
  { signature: 'x=:AAAA:', 'signature-input': 'y=("a")' },
  {
    signature: 'comm-a=:AAAA:',
    'signature-input': 'comm-a=("action");alg="hmac-sha256";keyid="constant:ao"',
  },
  { signature: 'a lone one' },
]

/** As a client does that knows nothing of HTTP signatures. */
function signWith(target: string, keys: Readonly<Record<string, string>>): Promise<Message> {
  const entries = Object.entries({ type: 'Message', target, action: 'A', ...keys })
  return commitMessage(new Message(entries), clientWallet, { device: 'ans104@1.0' })
}

test('a page with messages that have keys named signature and signature-input is read', async (t) => {
  const node = await startTestNode(t)
  const processId = await spawn(node)
  const messages = await Promise.all(VALUES.map((keys) => signWith(processId, keys)))
  for (const message of messages) await schedule(node.url, message)
  const bodies = assignmentsOf(await readPage(node.url, processId))
    .slice(1)
    .map(bodyOf)
  assert.deepEqual(bodies.map(idOf), messages.map(idOf))
  for (const [index, body] of bodies.entries()) {
    assert.ok((await verifyMessage(body)).valid, `message ${index}`)
    assert.equal(body.get('signature'), VALUES[index]?.signature)
  }
})
