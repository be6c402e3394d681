/** One call of a stack: what its members share, and the record of which member did what. */
import type { ComputeEvents, StepOutcome } from '../base/compute-events.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import { type DeviceContext, type FindDevice, failed, type Outcome } from './device.ts'
import { isTrueAt, textAt } from './read-key.ts'
import { memberName, type StackMember } from './stack-member.ts'

/**
 * What a stack does with an error of a member. `throw`: it fails with 500; `stop`: with the status of
 * the member; `ignore`: the member is passed over as if it were not there.
 */
export type ErrorStrategy = 'throw' | 'stop' | 'ignore'

export interface StackOptions {
  /** A fold that begins another pass after so many fails. */
  readonly maxPasses: number
  readonly errorStrategy: ErrorStrategy
  /** Whether every result lists the steps of its stack, not only where the request asks for them. */
  readonly recordSteps: boolean
}

export interface StackDeps {
  readonly findDevice: FindDevice
  readonly events: Pick<ComputeEvents, 'stackStep'>
  readonly options: StackOptions
  /** Milliseconds of a clock that never goes back. */
  readonly elapsedMs: () => number
}

export interface StackCall {
  readonly base: Message
  readonly request: Message
  readonly context: DeviceContext
}

/** A call of one member. */
export interface StackStep {
  readonly member: StackMember
  /** The state with the member in charge. */
  readonly state: Message
  readonly pass: number
}

interface NotedStep {
  readonly member: StackMember
  readonly pass: number
  readonly outcome: StepOutcome
  readonly durationMs: number
}

/** Steps after which others get their turn: members may never wait for anything. */
const STEPS_PER_TURN = 64

export class StackRun {
  readonly call: StackCall
  readonly #deps: StackDeps
  readonly #steps: Message[] = []
  #count = 0

  constructor(deps: StackDeps, call: StackCall) {
    this.#deps = deps
    this.call = call
  }

  get maxPasses(): number {
    return this.#deps.options.maxPasses
  }

  /** Calls the key of the request on a member. */
  async step({ member, state, pass }: StackStep): Promise<Outcome> {
    const { request, context } = this.call
    if (++this.#count % STEPS_PER_TURN === 0) await new Promise(setImmediate)
    const startedMs = this.#deps.elapsedMs()
    const note = (outcome: StepOutcome): void =>
      this.#note({ member, pass, outcome, durationMs: this.#deps.elapsedMs() - startedMs })
    try {
      const outcome = await context.resolve(state, request)
      note(isNotFound(outcome) ? 'not-found' : outcome.kind)
      return outcome
    } catch (error) {
      note('thrown')
      throw error
    }
  }

  #note({ member, pass, outcome, durationMs }: NotedStep): void {
    const device = memberName(member)
    const { requestId } = this.call.context
    const key = textAt(this.call.request, 'path') ?? ''
    this.#deps.events.stackStep({ device, key, pass, outcome, durationMs, requestId })
    this.#steps.push(
      new Message<Value>([
        ['device', device],
        ['device-key', member.number ?? member.key],
        ['pass', pass],
        ['outcome', outcome],
        ['duration-ms', Math.round(durationMs)],
      ]),
    )
  }

  /** The result, with the steps that led to it where somebody wants to see them. */
  withSteps(result: Message): Message {
    const isWanted = this.#deps.options.recordSteps || isTrueAt(this.call.request, 'stack-steps')
    return isWanted ? result.with([['stack-steps', this.#steps]]) : result
  }

  /** What to do about an error: `error-strategy` of the request, of the base, of the node. */
  get errorStrategy(): ErrorStrategy {
    const { request, base } = this.call
    const named = textAt(request, 'error-strategy') ?? textAt(base, 'error-strategy')
    const strategy = named?.toLowerCase()
    return isStrategy(strategy) ? strategy : this.#deps.options.errorStrategy
  }
}

function isStrategy(text: string | undefined): text is ErrorStrategy {
  return text === 'throw' || text === 'stop' || text === 'ignore'
}

/** Whether a device does not have the key, as opposed to a refusal of its own. */
export function isNotFound(outcome: Outcome): boolean {
  const { kind, value } = outcome
  return kind === 'error' && value instanceof Atom && value.name === 'not_found'
}

/**
 * Whether a failure ends every stack around it, whatever they do about errors: else stacks within
 * stacks would try again and again.
 */
export function isRunaway(outcome: Outcome): boolean {
  return outcome.kind === 'error' && outcome.status === 508
}

/** The failure of a stack at one of its members. */
export function stackFailure(
  run: StackRun,
  { member, pass }: StackStep,
  outcome: Exclude<Outcome, { kind: 'ok' }>,
): Outcome {
  const isThrown = run.errorStrategy === 'throw'
  const status = isThrown || outcome.kind !== 'error' ? 500 : outcome.status
  const reason = reasonOf(outcome)
  const device = memberName(member)
  return failed(
    status,
    new Message<Value>([
      ['status', status],
      ['error', isThrown ? 'device_failed' : 'stack_call_failed'],
      ['body', `Device ${device} failed, member ${member.key} of the stack in pass ${pass}.`],
      ['device', device],
      ['device-key', member.number ?? member.key],
      ['pass', pass],
      ['reason', reason],
    ]),
  )
}

function reasonOf(outcome: Exclude<Outcome, { kind: 'ok' }>): Value {
  if (outcome.kind === 'error') return outcome.value
  return `Expected a message with ${outcome.kind}.`
}
