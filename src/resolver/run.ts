/** The steps of one request in order; a path inside the path runs once, where it is first needed. */
import { toText } from '../base/bytes.ts'
import { failed, type Outcome, ok } from '../device/device.ts'
import { setDevice, setKeys } from '../device/set-keys.ts'
import { Message } from '../message/message.ts'
import { isBinary, isInteger, isList, Link, type Value } from '../message/value.ts'
import { type Calls, MESSAGES_MISSING, UNKNOWN_ID } from './calls.ts'
import {
  calledKey,
  isOnId,
  isPathId,
  ownKeys,
  type ParsedPath,
  type PathStep,
  type StepKeys,
  type StepValue,
  SubPath,
  stepKeys,
} from './path-step.ts'
import { placeholder, takesUnknownBase } from './placeholder.ts'
import { resultsSlot } from './results-slot.ts'

type AsStep = Extract<PathStep, { kind: 'as' }>

interface Place {
  readonly path: ParsedPath
  readonly index: number
}

/** There at once, unless a path inside the path must be run for it. */
type Eventually<T> = T | Promise<T>

export class Run {
  readonly #calls: Calls
  readonly #subResults = new Map<SubPath, Promise<Outcome>>()

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** Runs a path; its first step gives the base. */
  async path(path: ParsedPath): Promise<Outcome> {
    let outcome: Outcome | undefined
    let index = 0
    for (const step of path.steps) {
      const place = { path, index: index++ }
      outcome = await (outcome === undefined
        ? this.#first(step, place)
        : this.#next(outcome.value, step, place))
      if (outcome.kind !== 'ok') return outcome
    }
    if (outcome === undefined) return failed(400, 'Expected a path with at least one step.')
    if (!(outcome.value instanceof Message)) return outcome
    // A path that ends in a device answers the message without what the step put on it.
    const { original } = outcome.value.priv
    return original === undefined ? outcome : ok(original)
  }

  #first(step: PathStep, place: Place): Promise<Outcome> {
    switch (step.kind) {
      case 'id':
        return this.#read(step.id, place.path)
      case 'resolve':
        return this.#sub(step)
      case 'message':
        return this.#firstMessage(place)
      case 'as':
        return isOnId(step) ? this.#firstOnId(step, place) : this.#firstUnder(step, place)
    }
  }

  async #firstMessage(place: Place): Promise<Outcome> {
    return settled(await this.#request(place))
  }

  /** `/ID~device` */
  async #firstOnId(step: AsStep, place: Place): Promise<Outcome> {
    const loaded = await this.#read(calledKey(step) ?? '', place.path)
    if (loaded.kind !== 'ok' || !(loaded.value instanceof Message)) return loaded
    return settled(await this.#under(loaded.value, step, place))
  }

  /** `/~device` starts from the keys of the request; `/key~device` also calls the key on them. */
  async #firstUnder(step: AsStep, place: Place): Promise<Outcome> {
    const request = await this.#request(place)
    if (!(request instanceof Message)) return request
    const under = await this.#under(new Message(), step, place)
    if (!(under instanceof Message)) return under
    const { original = under } = under.priv
    const base = setDevice(request, under.get('device') ?? '').withPrivate({ original })
    return step.keys.has('path') ? await this.#calls.call(base, request, 0) : ok(base)
  }

  #next(value: Value, step: PathStep, place: Place): Promise<Outcome> {
    const isPlain = step.kind === 'message' && value instanceof Message
    return isPlain ? this.#callOn(value, place) : this.#nextOther(value, step, place)
  }

  /** What most steps are: a key called on a message, with nothing to wait for before. */
  #callOn(base: Message, place: Place): Promise<Outcome> {
    const request = this.#request(place)
    return request instanceof Promise
      ? request.then((resolved) => this.#callWith(base, resolved))
      : this.#callWith(base, request)
  }

  #callWith(base: Message, request: Message | Outcome): Promise<Outcome> {
    if (request instanceof Message) return this.#calls.call(base, request, 0)
    return Promise.resolve(request)
  }

  async #nextOther(value: Value, step: PathStep, place: Place): Promise<Outcome> {
    const base = await this.#base(value, step)
    if (!(base instanceof Message)) return base
    if (step.kind === 'as') return this.#nextUnder(base, step, place)
    return this.#callWith(base, await this.#requestOf(step, place))
  }

  #base(value: Value, step: PathStep): Eventually<Message | Outcome> {
    if (value instanceof Message) return value
    return this.#calls.base(step.kind === 'as' ? asMessage(value) : value)
  }

  /** `/base/~device` changes the base; `/base/key~device` also calls the key on it. */
  async #nextUnder(base: Message, step: AsStep, place: Place): Promise<Outcome> {
    const under = await this.#under(base, step, place)
    if (!(under instanceof Message) || !step.keys.has('path')) return settled(under)
    return this.#callOn(under, place)
  }

  /**
   * The base with the device of a step, and with its own keys when it calls none: then they are
   * meant for the base. The message before the step is kept as the original.
   *
   * @NOTE HyperBEAM sets the request's global keys too, which would make a posted message part of
   * the process that it is posted to.
   */
  async #under(base: Message, step: AsStep, place: Place): Promise<Message | Outcome> {
    const device = await this.#device(step.device)
    if (typeof device !== 'string') return device
    const hasRequest = step.keys.has('path') && !isOnId(step)
    const own = await this.#values(hasRequest ? new Map() : ownKeys(place.path, place.index))
    if (!(own instanceof Map)) return own
    const { original = base } = base.priv
    const message = own.size === 0 ? base : setKeys(base, own)
    return setDevice(message, device).withPrivate({
      original: own.size === 0 ? original : setKeys(original, own),
    })
  }

  #device(device: string | SubPath): Eventually<string | Outcome> {
    return typeof device === 'string' ? device : this.#computedDevice(device)
  }

  async #computedDevice(device: SubPath): Promise<string | Outcome> {
    const outcome = await this.#sub(device)
    if (outcome.kind !== 'ok') return outcome
    const name = isBinary(outcome.value) ? toText(outcome.value) : undefined
    return name ?? failed(400, 'Expected the path after ~ to give the name of a device.')
  }

  /** The request of a step that is not under a device. */
  #requestOf(step: Exclude<PathStep, AsStep>, place: Place): Eventually<Message | Outcome> {
    if (step.kind === 'message') return this.#request(place)
    const { request } = place.path
    return step.kind === 'id' ? keyRequest(step.id, request) : this.#computedRequest(step, request)
  }

  async #computedRequest(step: SubPath, request: Message): Promise<Message | Outcome> {
    const outcome = await this.#sub(step)
    if (outcome.kind !== 'ok') return outcome
    if (outcome.value instanceof Message) return outcome.value
    const key = keyText(outcome.value)
    if (key === undefined) return failed(400, 'Expected the path in parentheses to give a key.')
    return keyRequest(key, request)
  }

  /** The message of a step with all keys that it gets, and the signatures of the request. */
  #request(place: Place): Eventually<Message | Outcome> {
    const values = this.#values(stepKeys(place.path, place.index))
    return values instanceof Promise
      ? values.then((resolved) => stepRequest(resolved, place))
      : stepRequest(values, place)
  }

  /** Keys with the paths among their values resolved; what is not ok ends the request. */
  #values(keys: Map<string, StepValue>): Eventually<Map<string, Value> | Outcome> {
    return areValues(keys) ? keys : this.#resolved(keys)
  }

  async #resolved(keys: StepKeys): Promise<Map<string, Value> | Outcome> {
    const values = new Map<string, Value>()
    for (const [key, value] of keys) {
      const outcome = value instanceof SubPath ? await this.#sub(value) : ok(value)
      if (outcome.kind !== 'ok') return outcome
      values.set(key, outcome.value)
    }
    return values
  }

  #sub(sub: SubPath): Promise<Outcome> {
    const running = this.#subResults.get(sub) ?? this.path(sub.path)
    this.#subResults.set(sub, running)
    return running
  }

  async #read(id: string, path: ParsedPath): Promise<Outcome> {
    const message = await this.#calls.read(id)
    if (message !== undefined) return ok(message)
    if (takesUnknownBase(path)) return ok(placeholder(id))
    return path.steps.length === 1 ? UNKNOWN_ID : MESSAGES_MISSING
  }
}

function areValues(keys: Map<string, StepValue>): keys is Map<string, Value> {
  for (const value of keys.values()) if (value instanceof SubPath) return false
  return true
}

function stepRequest(
  values: Map<string, Value> | Outcome,
  { path, index }: Place,
): Message | Outcome {
  if (!(values instanceof Map)) return values
  const slot = resultsSlot(path, index, values)
  if (slot !== undefined) values.set('slot', slot)
  return Message.owning(values, path.request.commitments, { request: path.request })
}

/** What calls a key and says nothing else. */
function keyRequest(key: string, request: Message): Message {
  return new Message([['path', key]], undefined, { request })
}

function settled(result: Message | Outcome): Outcome {
  return result instanceof Message ? ok(result) : result
}

/**
 * What can be put under a device: a number or text becomes the message that a reply would make of
 * it. Clients ask for `/ID/slot/current/~json@1.0/serialize`.
 */
function asMessage(value: Value): Value {
  const isId = typeof value === 'string' && isPathId(value)
  if (value instanceof Message || value instanceof Link || isList(value) || isId) return value
  return new Message<Value>([
    ['ao-result', 'body'],
    ['body', value],
  ])
}

function keyText(value: Value): string | undefined {
  if (isInteger(value)) return value.toString()
  return isBinary(value) ? toText(value) : undefined
}
