import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import type { Value } from '../message/value.ts'
import {
  type Device,
  type DeviceContext,
  type DeviceHandler,
  failed,
  type Outcome,
  ok,
} from './device.ts'
import { getLoaded, listOf, textAt } from './read-key.ts'
import { DEFAULT_DEVICE } from './registry.ts'
import { setKeys } from './set-keys.ts'
import { fold } from './stack-fold.ts'
import { activate, memberNamed, stackMembers } from './stack-member.ts'
import { isRunaway, type StackDeps, StackRun } from './stack-run.ts'

const TRANSFORMER = 'stack-transformer@1.0'

/** Keys that are the message's own also where it is a stack. */
const MESSAGE_KEYS: ReadonlySet<string> = new Set(['keys', 'set'])

export function createStackDevice(deps: StackDeps): Device {
  return {
    name: 'stack@1.0',
    keys: new Map<string, DeviceHandler>([
      ['transform', async (base) => ok(setKeys(base, [['device', TRANSFORMER]]))],
    ]),
    excludes: MESSAGE_KEYS,
    fallback: async (base, request, context) => {
      const key = normalKey(request)
      if (await isOwnKey(base, key, context)) {
        return runStack(new StackRun(deps, { base, request, context }))
      }
      const message = deps.findDevice(DEFAULT_DEVICE)
      const handler = message?.keys.get(key) ?? message?.fallback
      return handler === undefined ? failed(404, 'not_found') : handler(base, request, context)
    },
  }
}

/** Answers to the name of a member with the stack's state and that member in charge. */
export function createStackTransformer(): Device {
  return {
    name: TRANSFORMER,
    keys: new Map(),
    excludes: MESSAGE_KEYS,
    fallback: async (base, request, context) => {
      const key = textAt(request, 'path') ?? ''
      const member = await memberNamed(base, key, context)
      if (member !== undefined) return ok(await activate(base, member, context))
      return failed(404, `The stack has no member ${key.slice(0, 64)}.`)
    },
  }
}

async function isOwnKey(base: Message, key: string, context: DeviceContext): Promise<boolean> {
  const keys = listOf(await getLoaded(base, 'stack-keys', context))
  return keys === undefined || keys.some((name) => name.toLowerCase() === key)
}

/** @NOTE The mode is read as it stands: the request may itself be a stack. */
async function runStack(run: StackRun): Promise<Outcome> {
  const { request, base } = run.call
  const mode = textOf(request, 'mode') ?? textOf(base, 'mode') ?? 'fold'
  switch (mode.toLowerCase()) {
    case 'fold':
      return fold(run)
    case 'map':
      return map(run)
    default:
      return failed(400, `Expected mode to be Fold or Map, not ${mode.slice(0, 32)}.`)
  }
}

/** The results of all members, each on the base; what fails is left out. */
async function map(run: StackRun): Promise<Outcome> {
  const { base, context } = run.call
  const results: [string, Value][] = []
  for (const member of await stackMembers(base, context)) {
    const state = await activate(base, member, context)
    const outcome = await run.step({ member, state, pass: 1 })
    if (outcome.kind === 'ok') results.push([member.key, outcome.value])
    if (isRunaway(outcome)) return outcome
  }
  return ok(run.withSteps(new Message(results)))
}

function normalKey(request: Message): string {
  return (textAt(request, 'path') ?? '').toLowerCase().replaceAll('_', '-')
}
