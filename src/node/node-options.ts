/** The node's options as `~meta@1.0/info` shows them, and what its operator may change there. */
import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { isOptionName, type NodeConfig, type OptionName } from '../config/options.ts'
import type { NodeOptions } from '../device/meta.ts'
import { createMessage } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { Atom, isBinary, isInteger, type Value } from '../message/value.ts'
import type { SchedulerOptions } from '../scheduler/context.ts'

/** Scheduler options that take effect at once; the others need a restart. */
export type LiveOptions = {
  -readonly [Key in keyof SchedulerOptions]: SchedulerOptions[Key]
}

type LiveOption = (live: LiveOptions, value: Value) => void

const LIVE: ReadonlyMap<OptionName, LiveOption> = new Map<OptionName, LiveOption>([
  ['returnExistingAssignment', (live, value) => (live.returnExisting = booleanOf(value))],
  ['followRedirects', (live, value) => (live.followRedirects = booleanOf(value))],
  ['followHints', (live, value) => (live.followHints = booleanOf(value))],
  ['pageLimit', (live, value) => (live.pageLimit = countOf(value))],
])

const MAX_CUSTOM_KEYS = 256

export interface LiveNodeOptions extends NodeOptions {
  /** Shows the port that the system gave, where the configuration left that to it. */
  listensOn(port: number): void
}

/** Options in memory: changes last until the node stops. */
export function createNodeOptions(config: NodeConfig, live: LiveOptions): LiveNodeOptions {
  let current = describe(config)
  let history = 0
  return {
    read: () => current,
    listensOn: (port) => {
      current = current.with([['port', port]])
    },
    update: async (changes) => {
      const entries = [...changes]
      for (const [key, value] of entries) check(key, value)
      for (const [key, value] of entries) LIVE.get(optionName(key))?.(live, value)
      const next = current.with(entries)
      if (next.size > MAX_CUSTOM_KEYS) {
        throw new AoError('invalid-config', `Expected at most ${MAX_CUSTOM_KEYS} options`)
      }
      current = next
      history++
      return history
    },
  }
}

/** Options of the node itself are checked; any other key is the operator's own and just kept. */
function check(key: string, value: Value): void {
  const name = optionName(key)
  if (!isOptionName(name) || key === 'operator') return
  const apply = LIVE.get(name)
  if (apply === undefined) {
    throw new AoError(
      'invalid-config',
      `Option ${key} cannot be changed while the node runs; set it in the configuration and restart`,
    )
  }
  apply({} as LiveOptions, value)
}

/** `pageLimit` → `page-limit`, as keys of messages are written. */
function describe(config: NodeConfig): Message {
  const entries: [string, unknown][] = []
  for (const [name, value] of Object.entries(config)) {
    if (value !== undefined) entries.push([keyOf(name), value])
  }
  return createMessage(new Map(entries))
}

function keyOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
}

function optionName(key: string): OptionName {
  const name = key.replaceAll(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return name as OptionName
}

function booleanOf(value: Value): boolean {
  const text = value instanceof Atom ? value.name : isBinary(value) ? toText(value) : undefined
  if (text === 'true' || text === 'false') return text === 'true'
  throw new AoError('invalid-config', 'Expected true or false')
}

function countOf(value: Value): number {
  const text = isBinary(value) ? toText(value) : undefined
  const count = isInteger(value) ? Number(value) : Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new AoError('invalid-config', 'Expected a whole number above 0')
}
