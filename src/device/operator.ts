/** Who the node obeys: the signer of a request, if the signature holds and is the operator's. */
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
}

export interface OperatorCheck {
  /** Whether a signature of the operator on the request verifies. */
  isOperator(request: Message): Promise<boolean>
  /** The same, but a node whose operator is `unclaimed` may be configured by anybody. */
  mayConfigure(request: Message): Promise<boolean>
}

/** Address in the options that lets anybody configure the node. */
const UNCLAIMED = 'unclaimed'

/**
 * @NOTE HyperBEAM only reads who signed. Here nobody is believed before the signatures are checked,
 * and one that does not hold spoils the others.
 */
export function createOperatorCheck({ options, address, verify }: OperatorDeps): OperatorCheck {
  const operator = () => textAt(options(), 'operator') ?? address
  const isOperator = async (request: Message): Promise<boolean> => {
    const name = operator()
    if (request.commitments.size === 0 || name === UNCLAIMED) return false
    const { valid, signers } = await verify(request)
    return valid && signers.includes(name)
  }
  return {
    isOperator,
    mayConfigure: async (request) => operator() === UNCLAIMED || isOperator(request),
  }
}
