/** A parsed path in the typed notation, for people who ask what the node reads in a path. */
import { Message } from '../message/message.ts'
import { toTabm } from '../message/structured.ts'
import { tabmId } from '../message/tabm-id.ts'
import { formatTyped, type TypedJson } from '../message/typed-notation.ts'
import { isList, Link, type Value } from '../message/value.ts'
import { type ParsedPath, type PathStep, type StepValue, SubPath, stepKeys } from './path-step.ts'

type MapJson = { readonly t: 'map'; readonly v: Readonly<Record<string, StepJson>> }

/** The typed notation with two more types: a step under a device, and a path inside the path. */
export type StepJson =
  | TypedJson
  | MapJson
  | { readonly t: 'as'; readonly device: StepJson; readonly v: MapJson }
  | { readonly t: 'resolve'; readonly v: readonly StepJson[] }

/**
 * The steps of a path, each with all keys that it gets: an id as `bin`, a message as `map`, a step
 * under a device as `as`, a path in parentheses as `resolve`. Nested values are written as links.
 */
export function formatPath(path: ParsedPath): { t: 'list'; v: StepJson[] } {
  return { t: 'list', v: formatSteps(path) }
}

function formatSteps(path: ParsedPath): StepJson[] {
  return path.steps.map((step, index) => formatStep(step, formatKeys(stepKeys(path, index))))
}

function formatStep(step: PathStep, keys: MapJson): StepJson {
  switch (step.kind) {
    case 'id':
      return { t: 'bin', v: step.id }
    case 'resolve':
      return { t: 'resolve', v: formatSteps(step.path) }
    case 'message':
      return keys
    case 'as':
      return { t: 'as', device: formatValue(step.device), v: keys }
  }
}

function formatKeys(keys: ReadonlyMap<string, StepValue>): MapJson {
  const entries: [string, StepJson][] = []
  for (const [key, value] of keys) entries.push([formatKey(key), formatValue(value)])
  return { t: 'map', v: Object.fromEntries(entries) }
}

function formatValue(value: StepValue): StepJson {
  if (value instanceof SubPath) return { t: 'resolve', v: formatSteps(value.path) }
  return formatTyped(linked(value))
}

function linked(value: Value): Value {
  if (!(value instanceof Message) && !isList(value)) return value
  return new Link(tabmId(toTabm(value, 'link')))
}

/** Keys that look like another notation are written differently; the notation knows how. */
function formatKey(key: string): string {
  const { v } = formatTyped(new Message([[key, '']]))
  return Object.keys(v)[0] ?? key
}
