/** Builds the assignment of a message to a slot and commits to it. */
import type { Block } from '../arweave/block-clock.ts'
import { toText } from '../base/bytes.ts'
import { commitAns104 } from '../codec/ans104/commit.ts'
import { commitMessage } from '../codec/commit.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Link, type Value } from '../message/value.ts'
import type { ChainKind } from './chain.ts'

/** Device with which an assignment is committed to. */
export type CommitmentSpec = 'ans104@1.0' | 'httpsig@1.0'

export interface AssignmentFields {
  readonly processId: string
  readonly slot: number
  /** Milliseconds since the Unix epoch, by the node's clock. */
  readonly timestamp: number
  readonly block: Block
  readonly chainKind: ChainKind
  /** Value of the `base-hashpath` or `hash-chain` key. */
  readonly chain: string
  /** The scheduled message, committed keys only, with all its commitments; or a link to it. */
  readonly body: Message | Link
  /** What the process does with the message. Default: see `assignmentPath`. */
  readonly path?: string
}

/** What a process does with a message that does not say. */
export const DEFAULT_PATH = 'compute'

/** The unsigned assignment, with the keys and types that HyperBEAM gives it. */
export function buildAssignment(fields: AssignmentFields): Message {
  const {
    block,
    body,
    path = body instanceof Message ? assignmentPath(body) : DEFAULT_PATH,
  } = fields
  const entries = new Map<string, Value>()
  // In the order in which the signed assignment will have them, so that it need not be made anew.
  if (fields.chainKind === 'base-hashpath') entries.set('base-hashpath', fields.chain)
  entries.set('block-hash', block.hash)
  entries.set('block-height', block.height)
  entries.set('block-timestamp', block.timestamp)
  entries.set('data-protocol', 'ao')
  entries.set('epoch', '0')
  if (fields.chainKind === 'hash-chain') entries.set('hash-chain', fields.chain)
  entries.set('path', path)
  entries.set('process', fields.processId)
  entries.set('slot', fields.slot)
  entries.set('timestamp', fields.timestamp)
  entries.set('type', 'Assignment')
  entries.set('variant', 'ao.N.1')
  entries.set('body', body)
  return Message.owning(entries)
}

/** The message's own `path` without needless slashes, else `compute`. */
export function assignmentPath(body: Message): string {
  const path = body.get('path')
  const text = isBinary(path) ? (toText(path) ?? '') : ''
  const normal = text
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')
  return normal === '' ? DEFAULT_PATH : normal
}

/**
 * Signs with every wallet, the last listed first, as the reference does. The body stays the message
 * that it is, behind all other keys.
 */
export function commitAssignment(
  assignment: Message,
  wallets: readonly Wallet[],
  spec: CommitmentSpec,
): Promise<Message> {
  if (spec === 'httpsig@1.0') return commitInTurn(assignment, wallets.toReversed())
  const [only] = wallets
  return only !== undefined && wallets.length === 1
    ? commitAsItem(assignment, only)
    : commitAsItems(assignment, wallets.toReversed())
}

async function commitInTurn(assignment: Message, wallets: readonly Wallet[]): Promise<Message> {
  let committed = assignment
  for (const wallet of wallets) {
    committed = await commitMessage(committed, wallet, { device: 'httpsig@1.0' })
  }
  return withBody(committed, assignment.get('body'))
}

/** The assignment with the message itself in place of the link to it, behind all other keys. */
export function withBody(assignment: Message, body: Value | undefined): Message {
  return body === undefined ? assignment : assignment.without('body').with([['body', body]])
}

/** A data item holds its body as a link; the caller still has the message itself. */
function commitAsItem(assignment: Message, wallet: Wallet): Promise<Message> {
  return commitAns104(assignment, wallet, { keepNested: true })
}

/** An item has one signature: each wallet makes an item of its own of the same message. */
async function commitAsItems(assignment: Message, wallets: readonly Wallet[]): Promise<Message> {
  const items = await Promise.all(wallets.map((wallet) => commitAsItem(assignment, wallet)))
  const commitments = items.flatMap((item) => [...item.commitments])
  return (items[0] ?? assignment).withCommitments(new Map(commitments))
}
