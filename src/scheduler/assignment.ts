/** Builds the assignment of a message to a slot and commits to it. */
import type { Block } from '../arweave/block-clock.ts'
import { toText } from '../base/bytes.ts'
import { commitMessage } from '../codec/commit.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
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
  /** The scheduled message: committed keys only, with all its commitments. */
  readonly body: Message
  /** What the process does with the message. Default: the `path` of the message, else `compute`. */
  readonly path?: string
}

/** What a process does with a message that does not say. */
export const DEFAULT_PATH = 'compute'

/** The unsigned assignment, with the keys and types that HyperBEAM gives it. */
export function buildAssignment(fields: AssignmentFields): Message {
  const { block, body, path = assignmentPath(body) } = fields
  return new Message<Value>([
    ['path', path],
    ['data-protocol', 'ao'],
    ['variant', 'ao.N.1'],
    ['process', fields.processId],
    ['epoch', '0'],
    ['slot', fields.slot],
    ['block-height', block.height],
    ['block-hash', block.hash],
    ['block-timestamp', block.timestamp],
    ['timestamp', fields.timestamp],
    [fields.chainKind, fields.chain],
    ['body', body],
    ['type', 'Assignment'],
  ])
}

/** The message's own `path` without needless slashes. */
function assignmentPath(body: Message): string {
  const path = body.get('path')
  const text = isBinary(path) ? (toText(path) ?? '') : ''
  const normal = text
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')
  return normal === '' ? DEFAULT_PATH : normal
}

/** Signs with every wallet, the last listed first, as the reference does. */
export async function commitAssignment(
  assignment: Message,
  wallets: readonly Wallet[],
  spec: CommitmentSpec,
): Promise<Message> {
  const signers = wallets.toReversed()
  const committed =
    spec === 'ans104@1.0'
      ? await commitAsItems(assignment, signers)
      : await commitInTurn(assignment, signers)
  // A data item holds its body as a link; the caller still has the message itself.
  const body = assignment.get('body')
  return body === undefined ? committed : committed.without('body').with([['body', body]])
}

async function commitInTurn(assignment: Message, wallets: readonly Wallet[]): Promise<Message> {
  let committed = assignment
  for (const wallet of wallets) {
    committed = await commitMessage(committed, wallet, { device: 'httpsig@1.0' })
  }
  return committed
}

/** An item has one signature: each wallet makes an item of its own of the same message. */
async function commitAsItems(assignment: Message, wallets: readonly Wallet[]): Promise<Message> {
  const items = await Promise.all(
    wallets.map((wallet) => commitMessage(assignment, wallet, { device: 'ans104@1.0' })),
  )
  const commitments = items.flatMap((item) => [...item.commitments])
  return (items[0] ?? assignment).withCommitments(new Map(commitments))
}
