/**
 * The seam of a device: code named `name@version` that answers the keys of a message. The resolver
 * finds the handler of a key and calls it with the base, the request and the execution context.
 */
import type { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'

/**
 * What a device answers. `ok` is a value, `error` a refusal with a body for the client. `skip` and
 * `pass` are words to the stack that the device is a member of: leave out the members after this
 * one, and start again from the first; to anybody else they are results like `ok` that end the path.
 * A broken rule inside a device is thrown as an `AoError` instead.
 */
export type Outcome = (
  | { readonly kind: 'ok' | 'skip' | 'pass'; readonly value: Value }
  | { readonly kind: 'error'; readonly status: number; readonly value: Value }
) & {
  /** Whether it is the answer to a key of `Device.ownAnswers`: set by the resolver. */
  readonly isOwn?: boolean
}

/** What a handler may use besides its two messages. */
export interface DeviceContext {
  /** Resolves a request on a base with the node's own devices. */
  readonly resolve: (base: Message, request: Message) => Promise<Outcome>
  /** Whether the caller is the node's operator by a verified signature on the request. */
  readonly isOperator: () => Promise<boolean>
  /** Id of the request, for logs. */
  readonly requestId: string
}

export type DeviceHandler = (
  base: Message,
  request: Message,
  context: DeviceContext,
) => Promise<Outcome>

export interface Device {
  /** `scheduler@1.0` */
  readonly name: string
  /** Keys that this device answers, lower-case with dashes. */
  readonly keys: ReadonlyMap<string, DeviceHandler>
  /** Answers every key that is not in `keys` nor in `excludes`; without it message@1.0 does. */
  readonly fallback?: DeviceHandler
  /** Keys left to message@1.0 even with a fallback. */
  readonly excludes?: ReadonlySet<string>
  /**
   * Keys whose answers say what the node itself has to say, under keys that the device chooses. Only
   * these are signed with its wallet: a message that a client put together, or stored, must not get
   * the signature of the node because it was asked for.
   */
  readonly ownAnswers?: ReadonlySet<string>
}

/** The devices of a node by name. */
export type FindDevice = (name: string) => Device | undefined

export function ok(value: Value): Outcome {
  return { kind: 'ok', value }
}

/** The state, and the wish that the members of the stack after this one are left out. */
export function skip(state: Message): Outcome {
  return { kind: 'skip', value: state }
}

/** The state, and the wish that the stack starts again from its first member. */
export function pass(state: Message): Outcome {
  return { kind: 'pass', value: state }
}

export function failed(status: number, value: Value): Outcome {
  return { kind: 'error', status, value }
}
