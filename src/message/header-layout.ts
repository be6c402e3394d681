/**
 * What follows from the names of a message's headers alone: their order, and the texts that
 * signatures list them in. Messages of one kind have the same names, so that layouts are kept.
 */
import { type Binary, compareText } from '../base/bytes.ts'
import { KnownLists } from '../base/known-lists.ts'
import { formatString } from './structured-fields.ts'

/** Headers as a message gives them. Of equal names the last value counts. */
export class HeaderList {
  readonly names: string[] = []
  /** As long as `names`. Any bytes, line breaks too. */
  readonly values: Binary[] = []

  add(name: string, value: Binary): void {
    this.names.push(name)
    this.values.push(value)
  }
}

export interface HeaderLayout {
  /** Each once, sorted by their bytes unless another order was asked for. */
  readonly names: readonly string[]
  /** Where in the list of headers the value of each of them stands. */
  readonly positions: readonly number[]
  /** The line of each in a signature base, up to its value, with the line break before it. */
  readonly lineStarts: readonly string[]
  /** `("a" "b")`, as in `signature-input`. */
  readonly list: string
  /** The same as in the last line of a base, where derived components have their `@`. */
  readonly signedList: string
  /** Whether no name has an escape in it. */
  readonly isPlain: boolean
}

/** The layout of headers with these names. */
export function layoutOf(names: readonly string[]): HeaderLayout {
  return layouts.get(names)
}

/** The same with the names in the order given. */
export function layoutAsGiven(names: readonly string[]): HeaderLayout {
  const layout = layoutOf(names)
  const isInOrder = layout.positions.every((position, index) => position === index)
  return isInOrder && names.length === layout.names.length ? layout : createLayout(names, false)
}

/** Whether a layout has a header of this name. */
export function hasHeader({ names }: HeaderLayout, name: string): boolean {
  let [from, to] = [0, names.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    const order = compareText(names[middle] ?? '', name)
    if (order === 0) return true
    if (order < 0) from = middle + 1
    else to = middle
  }
  return false
}

const DERIVED = new Set([
  'method',
  'target-uri',
  'authority',
  'scheme',
  'request-target',
  'path',
  'query',
  'query-param',
])

/** `("a" "b")` of names, each derived component with its `@`, whether it was given with it or not. */
export function formatSignedList(names: readonly string[]): string {
  let text = '('
  for (const given of names) {
    const name = given.startsWith('@') ? given.slice(1) : given
    if (text.length > 1) text += ' '
    text += formatString(DERIVED.has(name) ? `@${name}` : name)
  }
  return `${text})`
}

function createLayout(given: readonly string[], isSorted: boolean): HeaderLayout {
  const places = new Map<string, number>()
  for (const [place, name] of given.entries()) places.set(name, place)
  const names = [...places.keys()]
  if (isSorted) names.sort(compareText)
  return {
    names,
    positions: names.map((name) => places.get(name) ?? 0),
    // Joined and not added up, so that each is one piece of the texts that it becomes part of.
    lineStarts: names.map((name, index) => [index === 0 ? '"' : '\n"', name, '": '].join('')),
    list: `(${names.map(formatString).join(' ')})`,
    signedList: formatSignedList(names),
    isPlain: !names.some((name) => name.includes('%')),
  }
}

const layouts = new KnownLists((names: readonly string[]) => createLayout(names, true))
