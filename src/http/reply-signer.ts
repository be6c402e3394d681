/**
 * Signs replies that nobody signed, so that a client can hold the node to them. A signature costs
 * more than all the rest of a reply: equal replies share one, also while it is being made.
 */

import { LruMap } from '../base/lru-map.ts'
import type { Commitments } from '../message/commitment.ts'
import { unsignedId } from '../message/id.ts'
import type { Message } from '../message/message.ts'

export interface CommitOptions {
  readonly device: 'httpsig@1.0' | 'ans104@1.0'
  /** Whether nested messages are signed inline: data items cannot be taken apart later. */
  readonly bundle: boolean
}

/**
 * Commits to a message with the wallet of the node: all its keys, or those that its commitments
 * cover already; the hashpath of the message becomes the `tag`.
 */
export type CommitReply = (message: Message, options: CommitOptions) => Promise<Message>

/** Gives a message the node's commitments. */
export type ReplySigner = (message: Message, options: CommitOptions) => Promise<Message>

export interface ReplySignerOptions {
  /** How many signatures are kept. Default 1,000; 0 keeps none. */
  readonly cacheSize?: number
}

export function createReplySigner(
  commit: CommitReply,
  options: ReplySignerOptions = {},
): ReplySigner {
  const signed = new LruMap<string, Promise<Commitments>>(options.cacheSize ?? 1_000)
  return async (message, how) => {
    // A data item is another message than the one that it was made of, and holds all its bytes.
    if (how.device === 'ans104@1.0') return commit(message, how)
    const key = signatureKey(message, how)
    let commitments = signed.get(key)
    if (commitments === undefined) {
      commitments = commit(message, how).then((committed) => committed.commitments)
      signed.set(key, commitments)
      commitments.catch(() => signed.delete(key))
    }
    return message.withCommitments(await commitments)
  }
}

/**
 * All that a signature depends on. The id is computed from what the message says: one that it
 * states itself could be that of another message.
 */
function signatureKey(message: Message, { bundle }: CommitOptions): string {
  const commitments = [...message.commitments.values()].map(
    ({ id, committed }) => `${id}(${committed.join(',')})`,
  )
  const { hashpath = '' } = message.priv
  return [unsignedId(message), bundle, ...commitments, hashpath].join(' ')
}
