/** Signing a message, by whichever codec makes the commitment. */
import type { Wallet } from '../crypto/wallet.ts'
import { withOnlyKeys } from '../message/committed.ts'
import type { Message } from '../message/message.ts'
import { commitAns104 } from './ans104/commit.ts'
import { commitHttpsig } from './httpsig/httpsig.ts'

export interface CommitMessageOptions {
  /** The device of the commitment. */
  readonly device: 'httpsig@1.0' | 'ans104@1.0'
  /** Signs nested messages as they are instead of their ids. Links must have been loaded. */
  readonly bundle?: boolean
  /** Keys to commit to; by default all. A data item holds no others, so they are dropped from it. */
  readonly committed?: readonly string[]
}

/**
 * The message with a commitment of the wallet. httpsig@1.0 adds a signature and the hmac to those
 * that are there; ans104@1.0 leaves only itself, and keys in lower case.
 * @throws AoError `unencodable`, `unsupported-algorithm`; see `commitHttpsig` and `commitAns104`.
 */
export async function commitMessage(
  message: Message,
  wallet: Wallet,
  { device, ...options }: CommitMessageOptions,
): Promise<Message> {
  switch (device) {
    case 'httpsig@1.0':
      return commitHttpsig(message, wallet, options)
    case 'ans104@1.0': {
      const { committed } = options
      const content = committed === undefined ? message : withOnlyKeys(message, committed)
      return commitAns104(content, wallet, options)
    }
  }
}
