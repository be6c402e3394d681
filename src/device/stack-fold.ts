/** A stack as a pipeline: each member gets the state that the one before it left. */
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { failed, type Outcome, ok, pass } from './device.ts'
import { numberAt, textAt } from './read-key.ts'
import { setKeys } from './set-keys.ts'
import { activate, memberAt, restore } from './stack-member.ts'
import { isNotFound, isRunaway, type StackRun, type StackStep, stackFailure } from './stack-run.ts'

/**
 * Runs the key over the members in order. A member that does not have the key is passed over;
 * `skip` ends the pipeline; `pass` starts it again from the first member with the state as it is
 * (`dev_stack:resolve_fold`). A result that is no message ends it as it is.
 */
export async function fold(run: StackRun): Promise<Outcome> {
  const { base, context } = run.call
  let state = setKeys(base, [['pass', 1]])
  for (let number = 1, passes = 1; ; number++) {
    const member = await memberAt(state, number, context)
    if (member === undefined) return ok(run.withSteps(restore(state, base)))
    const step: StackStep = { member, pass: passes, state: await activate(state, member, context) }
    const move = nextMove(run, step, await run.step(step))
    if ('outcome' in move) return move.outcome
    state = move.state
    if (!move.startsOver) continue
    if (!mayStartOver(base)) return pass(run.withSteps(restore(state, base)))
    if (passes >= run.maxPasses) return tooManyPasses(run, step)
    state = setKeys(state, [['pass', (numberAt(state, 'pass') ?? 1) + 1]])
    passes++
    number = 0
  }
}

type Move =
  | { readonly state: Message; readonly startsOver: boolean }
  /** The end of the fold. */
  | { readonly outcome: Outcome }

function nextMove(run: StackRun, step: StackStep, outcome: Outcome): Move {
  const { kind, value } = outcome
  if (kind === 'ok' && !(value instanceof Message)) return { outcome }
  if (kind !== 'error' && value instanceof Message) {
    if (kind === 'skip') return { outcome: ok(run.withSteps(restore(value, run.call.base))) }
    return { state: value, startsOver: kind === 'pass' }
  }
  if (isNotFound(outcome)) return { state: step.state, startsOver: false }
  if (isRunaway(outcome)) return { outcome }
  if (run.errorStrategy === 'ignore') return { state: step.state, startsOver: false }
  return { outcome: stackFailure(run, step, outcome) }
}

/** `allow-multipass: false` leaves it to the caller of the stack to call it again. */
function mayStartOver(base: Message): boolean {
  return textAt(base, 'allow-multipass') !== 'false'
}

function tooManyPasses({ maxPasses }: StackRun, { member }: StackStep): Outcome {
  return failed(
    508,
    new Message<Value>([
      ['status', 508],
      ['error', 'too_many_passes'],
      [
        'body',
        `The stack asks for more than ${maxPasses} passes, at member ${member.key}. Ask for ` +
          'fewer, or raise stackMaxPasses of the node.',
      ],
      ['passes', maxPasses],
    ]),
  )
}
