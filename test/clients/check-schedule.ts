/** What a schedule must be, whichever client filled it. */
import assert from 'node:assert/strict'
import { toBytes } from '../../src/base/bytes.ts'
import { verifyMessage } from '../../src/codec/verify.ts'
import { messageId } from '../../src/message/id.ts'
import { Message } from '../../src/message/message.ts'
import { isBinary } from '../../src/message/value.ts'
import type { ClientNode } from './client-node.ts'

/**
 * The messages of a schedule in slot order, from what the node has stored: slots 0 to the last
 * without a gap, every assignment signed by the node, every message signed by one client, every
 * signature valid. What readers get over HTTP is the same.
 */
export async function checkedMessages(
  node: ClientNode,
  processId: string,
  { signer }: { readonly signer: string },
): Promise<Message[]> {
  const head = await node.schedules.head(processId)
  assert.ok(head, `no schedule of ${processId}`)
  const messages: Message[] = []
  for (let slot = 0; slot <= head.slot; slot++) {
    const assignment = await node.schedules.assignment(processId, slot)
    assert.ok(assignment, `no assignment of slot ${slot}`)
    assert.equal(assignment.get('slot'), slot)
    assert.equal(assignment.get('process'), processId)
    await assertSigned(assignment, node.address, `assignment of slot ${slot}`)
    const message = assignment.get('body')
    assert.ok(message instanceof Message, `no message at slot ${slot}`)
    await assertSigned(message, signer, `message of slot ${slot}`)
    messages.push(message)
  }
  await assertReadable(node, processId, messages)
  return messages
}

async function assertSigned(message: Message, signer: string, what: string): Promise<void> {
  const { valid, signers } = await verifyMessage(message)
  assert.ok(valid, `${what} does not verify`)
  assert.deepEqual(signers, [signer], what)
}

/** Slots and messages as HTTP gives them to anybody. */
async function assertReadable(
  { url }: ClientNode,
  processId: string,
  messages: readonly Message[],
): Promise<void> {
  const slot = await fetch(`${url}/${processId}/slot/current`)
  assert.equal(await slot.text(), String(messages.length - 1))
  const page = await fetch(`${url}/${processId}/schedule?accept=application/aos-2`)
  const { edges } = (await page.json()) as Aos2Page
  assert.deepEqual(
    edges.map(({ cursor, node }) => ({ cursor, id: node.message.Id })),
    messages.map((message, cursor) => ({ cursor, id: messageId(message, 'all') })),
  )
}

interface Aos2Page {
  readonly edges: readonly {
    readonly cursor: number
    readonly node: { readonly message: { readonly Id: string } }
  }[]
}

/** The bytes under a key, which is `data` by default. */
export function bytesAt(message: Message | undefined, key = 'data'): Buffer {
  const value = message?.get(key)
  assert.ok(isBinary(value), `no binary under ${key}`)
  return Buffer.from(toBytes(value))
}

export function assertBytes(message: Message | undefined, expected: string | Uint8Array): void {
  assert.deepEqual(bytesAt(message), Buffer.from(expected))
}
