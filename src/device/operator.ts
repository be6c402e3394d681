/**
 * Who the node obeys: the signer of a request, if the signature holds, is the operator's, and was
 * made for this very request. Everything that the node answers is signed with its wallet too, and
 * clients choose much of what it says: a reply must never pass for a request of the operator.
 */
import { type Commitments, isSigned } from '../message/commitment.ts'
import { committedKeys } from '../message/committed.ts'
import type { Message } from '../message/message.ts'
import { textAt } from './read-key.ts'

export interface OperatorDeps {
  /** The node's options as they are now; `operator` names the operator. */
  readonly options: () => Message
  /** Address of the node's wallet: the operator where the options name none. */
  readonly address: string
  /** Checks every signature of a message. */
  readonly verify: (
    message: Message,
  ) => Promise<{ readonly valid: boolean; readonly signers: readonly string[] }>
  /** Requests that are remembered; then the node must be restarted. Default 100,000. */
  readonly limit?: number
}

export type Admission =
  | { readonly kind: 'admitted' }
  /** No signature of the operator, or none that holds. */
  | { readonly kind: 'stranger' }
  /** The operator signed it, but not as a request of this kind. */
  | { readonly kind: 'unfit'; readonly reason: string }
  /** The operator signed it, and it was made before. */
  | { readonly kind: 'used'; readonly reason: string }

export interface OperatorCheck {
  /** Address of whom the node obeys; `unclaimed` when that is anybody. */
  operator(): string
  /** Whether the operator signed the request, its path included. */
  isOperator(request: Message): Promise<boolean>
  /**
   * Whether a request may change the node's options. Each signature counts once. A node whose
   * operator is `unclaimed` may be configured by anybody.
   */
  mayConfigure(request: Message): Promise<Admission>
  /** Whether a request may make a scheduler location: of the operator or of the node itself. */
  mayPublish(request: Message): Promise<Admission>
}

/** Address in the options that lets anybody configure the node. */
const UNCLAIMED = 'unclaimed'

const CONFIGURE_PATHS = ['/~meta@1.0/info']
const PUBLISH_PATHS = ['/~scheduler@1.0/location', '/~location@1.0/node']

/**
 * @NOTE HyperBEAM only reads who signed. Here nobody is believed before the signatures are checked,
 * and one that does not hold spoils the others.
 */
export function createOperatorCheck(deps: OperatorDeps): OperatorCheck {
  const { options, address, verify } = deps
  const operator = () => textAt(options(), 'operator') ?? address
  const used = createUsedSignatures(deps.limit ?? 100_000)
  const isSignedBy = async (request: Message, names: readonly string[]): Promise<boolean> => {
    if (request.commitments.size === 0) return false
    const { valid, signers } = await verify(request)
    return valid && signers.some((signer) => names.includes(signer))
  }
  const admit = async (
    request: Message,
    names: readonly string[],
    paths: readonly string[],
  ): Promise<Admission> => {
    if (!(await isSignedBy(request, names))) return { kind: 'stranger' }
    const path = signedPath(request)
    if (path !== undefined && paths.includes(path)) return used.take(request.commitments)
    return { kind: 'unfit', reason: `The signature must cover path: ${paths.join(' or ')}` }
  }
  return {
    operator,
    isOperator: async (request) => {
      const name = operator()
      if (name === UNCLAIMED || signedPath(request) === undefined) return false
      return isSignedBy(request, [name])
    },
    mayConfigure: async (request) =>
      operator() === UNCLAIMED
        ? { kind: 'admitted' }
        : admit(request, [operator()], CONFIGURE_PATHS),
    mayPublish: (request) => admit(request, [operator(), address], PUBLISH_PATHS),
  }
}

/**
 * The path that the signatures of a request cover: it cannot be sent anywhere else. A reply of a
 * node has a `status`, and a message that it sends for a process `from-process`: neither is a request
 * of its own.
 */
function signedPath(request: Message): string | undefined {
  const keys = committedKeys(request)
  if (!keys.includes('path') || NOT_ITS_OWN.some((key) => keys.includes(key))) return undefined
  return textAt(request, 'path')
}

const NOT_ITS_OWN = ['status', 'from-process']

/** Signatures that were used in the life of this node: a captured request works no second time. */
function createUsedSignatures(limit: number) {
  const used = new Set<string>()
  return {
    take: (commitments: Commitments): Admission => {
      const ids = [...commitments.values()].filter(isSigned).map(({ id }) => id)
      if (ids.some((id) => used.has(id))) {
        return { kind: 'used', reason: 'This request was made before; sign it again' }
      }
      // Forgetting the oldest would let it be made again.
      if (used.size >= limit) {
        return { kind: 'used', reason: 'The operator made too many requests; restart the node' }
      }
      for (const id of ids) used.add(id)
      return { kind: 'admitted' }
    },
  }
}
