/** Commits to messages by httpsig@1.0: a signature of a wallet, and the hmac that names the content. */
import { toBytes } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import type { Wallet } from '../../crypto/wallet.ts'
import { bundledTabm } from '../../message/bundled-tabm.ts'
import type { Commitment } from '../../message/commitment.ts'
import { isSigned } from '../../message/commitment.ts'
import { idOfSignature } from '../../message/commitment-map.ts'
import { committedKeys, withOnlyKeys } from '../../message/committed.ts'
import { linkedTabm } from '../../message/id.ts'
import type { Message } from '../../message/message.ts'
import { plainFormOf } from '../../message/plain-form.ts'
import { signatureBase } from '../../message/signature-base.ts'
import { publicKeys } from '../../message/tabm-id.ts'
import {
  type HmacKey,
  hmacCommitment,
  hmacOfForm,
  UNSIGNED_HMAC_KEY,
} from '../../message/unsigned-commitment.ts'
import type { Value } from '../../message/value.ts'
import { assertBundleKeepsContentType } from './content-type-clash.ts'
import { algorithmOfWallet, HMAC_TYPE, publicKeyid } from './keyid.ts'

interface CommitHttpsigOptions {
  /** Signs nested messages as they are instead of their ids. Links must have been loaded. */
  readonly bundle?: boolean
  /**
   * Keys to commit to; absent ones are passed over. By default those that all signatures of the
   * message cover, or, without a signature, all its keys.
   */
  readonly committed?: readonly string[]
}

interface CommitUnsignedOptions extends CommitHttpsigOptions {
  /** Default: the constant key that everybody has. */
  readonly hmacKey?: HmacKey
}

/**
 * The message with a signature of the wallet and, made anew, its hmac. Signatures that it has stay;
 * hmacs go, because keys may have been added since they were made.
 * @throws AoError `unencodable` for a bundle that would lose a `content-type` of its own,
 * `unsupported-algorithm` for a wallet that cannot sign httpsig@1.0.
 */
export async function commitHttpsig(
  message: Message,
  wallet: Wallet,
  options: CommitHttpsigOptions = {},
): Promise<Message> {
  const signed = withoutCommitments(message, (commitment) => !isSigned(commitment))
  const commitment = await signMessage(signed, wallet, options)
  return commitUnsigned(withCommitment(signed, commitment), options)
}

/**
 * The message with an hmac over the keys that all its signatures cover, all keys by default. An
 * earlier hmac by the same key is replaced.
 */
export function commitUnsigned(message: Message, options: CommitUnsignedOptions = {}): Message {
  const { hmacKey = UNSIGNED_HMAC_KEY, bundle = false } = options
  const others = withoutCommitments(
    message,
    ({ type, keyid }) => type === HMAC_TYPE && keyid === hmacKey.keyid,
  )
  const selected = selectKeys(others, options)
  const isWhole = !bundle && selected.only === others
  const form = isWhole ? plainFormOf(others) : undefined
  if (form !== undefined) return withCommitment(others, hmacOfForm(form, hmacKey))
  const { tabm, keys } = contentOf(selected, bundle)
  return withCommitment(others, hmacCommitment(tabm, { keys, hmacKey, bundle }))
}

async function signMessage(
  message: Message,
  wallet: Wallet,
  options: CommitHttpsigOptions,
): Promise<Commitment> {
  const algorithm = algorithmOfWallet(wallet.type)
  if (algorithm === undefined) {
    throw new AoError('unsupported-algorithm', 'Expected a wallet that can sign httpsig@1.0', {
      walletType: wallet.type,
    })
  }
  const { tabm, keys } = contentOf(selectKeys(message, options), options.bundle ?? false)
  const fields = new Map<string, Value>(options.bundle === true ? [['bundle', 'true']] : [])
  if (options.bundle === true) assertBundleKeepsContentType(tabm)
  const { hashpath } = message.priv
  if (hashpath !== undefined) fields.set('tag', hashpath)
  const keyid = publicKeyid(wallet.publicKey)
  const { type, scheme } = algorithm
  const { base, committed } = signatureBase(tabm, keys, { type, keyid, fields })
  const signature = await wallet.sign(scheme, toBytes(base))
  return {
    id: idOfSignature(signature),
    device: 'httpsig@1.0',
    type,
    committed,
    keyid,
    committer: wallet.address,
    signature: encodeBase64url(signature),
    fields,
  }
}

interface SelectedKeys {
  /** The message with these keys alone. */
  readonly only: Message
  /** `undefined` for all. */
  readonly keys: readonly string[] | undefined
}

function selectKeys(message: Message, { committed }: CommitHttpsigOptions): SelectedKeys {
  const keys = committed ?? signedKeys(message)
  return { only: keys === undefined ? message : withOnlyKeys(message, keys), keys }
}

function contentOf({ only, keys }: SelectedKeys, bundle: boolean) {
  const tabm = bundle ? bundledTabm(only) : linkedTabm(only)
  return { tabm, keys: keys ?? publicKeys(tabm) }
}

/** The keys that all signatures cover; `undefined` without a signature. */
function signedKeys(message: Message): readonly string[] | undefined {
  for (const commitment of message.commitments.values()) {
    if (isSigned(commitment)) return committedKeys(message, SIGNERS)
  }
  return undefined
}

const SIGNERS = { committers: 'all' } as const

function withoutCommitments(
  message: Message,
  isLeftOut: (commitment: Commitment) => boolean,
): Message {
  const left: string[] = []
  for (const commitment of message.commitments.values()) {
    if (isLeftOut(commitment)) left.push(commitment.id)
  }
  if (left.length === 0) return message
  const kept = new Map(message.commitments)
  for (const id of left) kept.delete(id)
  return message.withCommitments(kept)
}

function withCommitment(message: Message, commitment: Commitment): Message {
  const commitments = new Map<string, Commitment>()
  message.commitments.forEach((own, id) => {
    commitments.set(id, own)
  })
  return message.withCommitments(commitments.set(commitment.id, commitment))
}
