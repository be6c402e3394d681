/** Calls of keys on bases for one request: loading, dispatch, hashpaths, and calls within calls. */
import { toText } from '../base/bytes.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { type DeviceContext, failed, type Outcome, ok } from '../device/device.ts'
import { hashpath } from '../message/hashpath.ts'
import { isPrivateKey } from '../message/keys.ts'
import { Message, type MessagePrivate } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { Atom, isBinary, isList, Link, type Value } from '../message/value.ts'
import { findHandler } from './dispatch.ts'
import { isPathId } from './path-step.ts'
import type { ResolverDeps } from './resolve.ts'

export const NOT_FOUND: Outcome = failed(404, new Atom('not_found'))
/** Messages, not literals: as in HyperBEAM, their replies have no `ao-result`. */
export const UNKNOWN_ID: Outcome = failed(404, statusMessage(404, new Atom('not_found')))
export const MESSAGES_MISSING: Outcome = failed(
  404,
  statusMessage(404, 'Necessary messages not found in cache.'),
)
const TOO_DEEP: Outcome = failed(508, 'Request creates infinite recursion.')

export interface CallOptions {
  /** The request as it arrived: its signatures decide what the caller may do. */
  readonly origin: Message
  readonly requestId: string
  /** Calls of devices within calls. */
  readonly maxDepth: number
}

export class Calls {
  readonly #deps: ResolverDeps
  readonly #options: CallOptions
  /** For the steps of the path itself. */
  readonly #top: DeviceContext
  #isOperator: Promise<boolean> | undefined

  constructor(deps: ResolverDeps, options: CallOptions) {
    this.#deps = deps
    this.#options = options
    this.#top = this.#context(0)
  }

  /**
   * Calls the keys in the `path` of a request, each on the answer of the one before.
   * @throws AoError `invalid-request`
   */
  async keys(base: Message, request: Message, depth: number): Promise<Outcome> {
    const path = textOf(request, 'path')
    const keys = path?.split('/').filter((key) => key !== '') ?? []
    if (keys.length === 0) {
      throw new AoError('invalid-request', 'Expected a request with a key to call as its path')
    }
    let outcome: Outcome = ok(base)
    for (const key of keys) {
      const next = await this.base(outcome.value)
      if (!(next instanceof Message)) return next
      outcome = await this.call(next, key === path ? request : request.with([['path', key]]), depth)
      if (outcome.kind !== 'ok') break
    }
    return outcome
  }

  /**
   * The answer of the base's device to the key in the request's `path`, links loaded.
   * @throws AoError `invalid-path` for a request that calls no key, and what the device throws.
   */
  async call(base: Message, request: Message, depth: number): Promise<Outcome> {
    if (depth > this.#options.maxDepth) return TOO_DEEP
    const key = textOf(request, 'path')
    if (key === undefined || key === '') {
      throw new AoError('invalid-path', 'Expected a key in each segment of the path')
    }
    if (isPrivateKey(key.toLowerCase())) return NOT_FOUND
    const dispatch = findHandler(this.#deps.devices, base, key)
    const context = depth === 0 ? this.#top : this.#context(depth)
    const outcome = await dispatch.handler(base, request, context)
    const isOwn = (dispatch.isOwn || outcome.isOwn === true) && outcome.value instanceof Message
    if (outcome.kind !== 'ok') return isOwn ? { ...outcome, isOwn } : outcome
    const { value } = outcome
    const loaded = value instanceof Link ? await this.#load(value) : ok(value)
    if (loaded.kind !== 'ok' || !(loaded.value instanceof Message)) return loaded
    const answer = withHashpath(loaded.value, base, request)
    return isOwn ? { kind: 'ok', value: answer, isOwn } : ok(answer)
  }

  /** The message of an id, noting the id. */
  read(id: string): Promise<Message | undefined> {
    return this.#deps.readMessage(id).then((message) => message?.withPrivate({ loadedFrom: id }))
  }

  /** A value as the base of a key: an id is read, a list numbered from 1; else nothing is found. */
  async base(value: Value): Promise<Message | Outcome> {
    if (value instanceof Message) return value
    if (isList(value)) return new Message(value.map((item, index) => [`${index + 1}`, item]))
    if (value instanceof Link) {
      const loaded = await this.#load(value)
      return loaded.kind === 'ok' ? this.base(loaded.value) : loaded
    }
    const id = isBinary(value) ? toText(value) : undefined
    if (id === undefined || !isPathId(id)) return NOT_FOUND
    return (await this.read(id)) ?? MESSAGES_MISSING
  }

  async #load(value: Link): Promise<Outcome> {
    try {
      const loaded = await this.#deps.loadLink(value)
      if (value.lazy || !(loaded instanceof Message)) return ok(loaded)
      return ok(loaded.withPrivate({ loadedFrom: value.id }))
    } catch (error) {
      if (isAoError(error, 'link-not-found')) return MESSAGES_MISSING
      throw error
    }
  }

  #context(depth: number): DeviceContext {
    const { origin, requestId } = this.#options
    return {
      resolve: (base, request) => this.keys(base, request, depth + 1),
      isOperator: () => {
        this.#isOperator ??= this.#deps.isOperator(origin)
        return this.#isOperator
      },
      requestId,
    }
  }
}

function statusMessage(status: number, body: Value): Message {
  return new Message([
    ['status', status],
    ['body', body],
  ])
}

/**
 * An answer with the hashpath of its computation, and nothing private of base or request. The
 * hashpath is made when somebody asks for it: an answer that is signed already, such as an
 * assignment, never shows it, and it takes ids of base and request.
 */
function withHashpath(answer: Message, base: Message, request: Message): Message {
  const { loadedFrom, stored } = answer.priv
  // Known from here on, so that answers do not keep all the messages that they come from.
  void base.priv.hashpath
  const priv = new AnswerPrivate({ base, request })
  if (loadedFrom !== undefined) priv.loadedFrom = loadedFrom
  if (stored !== undefined) priv.stored = stored
  return answer.replacingPrivate(priv as MessagePrivate)
}

interface Step {
  readonly base: Message
  readonly request: Message
}

/**
 * What is private of an answer. Its hashpath is a property of its own, that copies have too.
 *
 * @NOTE One getter for all: with one of its own each object has its own hidden class, which V8 keeps,
 * and all that the getter reaches with it, until it next collects the whole heap.
 */
class AnswerPrivate {
  declare loadedFrom?: string
  declare stored?: Message
  declare readonly hashpath: string | undefined
  #step: Step | undefined
  #hashpath: string | undefined

  constructor(step: Step) {
    this.#step = step
    Object.defineProperty(this, 'hashpath', OWN_HASHPATH)
  }

  static hashpathOf(priv: AnswerPrivate): string | undefined {
    const step = priv.#step
    if (step !== undefined) priv.#hashpath = hashpathOf(step.base, step.request)
    priv.#step = undefined
    return priv.#hashpath
  }
}

const OWN_HASHPATH = {
  enumerable: true,
  get(this: AnswerPrivate) {
    return AnswerPrivate.hashpathOf(this)
  },
}

/** A request that has no id, since its keys cannot be encoded, is answered without a hashpath. */
function hashpathOf(base: Message, request: Message): string | undefined {
  try {
    return hashpath(base, request)
  } catch (error) {
    if (error instanceof AoError) return undefined
    throw error
  }
}
