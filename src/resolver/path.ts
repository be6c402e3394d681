/**
 * The path grammar of HyperBEAM (`hb_singleton`): the text `/ID~process@1.0/compute&slot+integer=7`
 * and the keys beside it become steps. Only the reading is here; `resolve.ts` runs the steps. Every
 * request passes here first, so all that a stranger can make large or deep has a limit.
 */
import { type Binary, ownText, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { LruMap } from '../base/lru-map.ts'
import type { Message } from '../message/message.ts'
import { isBinary } from '../message/value.ts'
import { readKeys } from './path-keys.ts'
import { type PathScope, requireSegment } from './path-scope.ts'
import { NO_REQUEST, type ParsedPath, type PathStep, SubPath } from './path-step.ts'
import { decodePercent, parseForm } from './percent.ts'
import { parseSegment } from './segment.ts'
import { cut, split } from './split.ts'

/** Segments of a path together with the paths inside it. */
const MAX_SEGMENTS = 128
/** Paths inside paths. */
const MAX_NESTING = 16
/** Steps times global keys: each step that runs gets a copy of them. */
const MAX_STEP_KEYS = 100_000

/**
 * The steps of a request: its `path`, with a query, is cut into steps; all its other keys are
 * global. A request without a `path`, or with `/`, has no steps.
 * @throws AoError `invalid-path` for text that is no path, and for too much of it.
 */
export function parsePath(request: Message): ParsedPath {
  const text = pathText(request)
  const known = knownTexts.get(text)
  const budget = { segments: known?.segments ?? 0 }
  const scope = new Scope(budget, 0)
  if (known !== undefined) return withKeys(known, request, scope)
  // The text is often a piece of a whole request, which is not to be kept with what is made of it.
  const own = text.length <= MAX_KNOWN_LENGTH ? ownText(text) : text
  const read = readText(own, scope)
  if (own.length <= MAX_KNOWN_LENGTH && budget.segments <= MAX_KNOWN_SEGMENTS) {
    knownTexts.set(own, { ...read, ...budget })
  }
  return withKeys(read, request, scope)
}

/** What the text of a path says by itself, whatever the request around it. */
interface PathText {
  readonly steps: readonly PathStep[]
  readonly query: readonly [name: string, value: Binary | undefined][]
}

/** The same few paths are asked for again and again: they are read once. */
const knownTexts = new LruMap<string, PathText & { readonly segments: number }>(512)
const MAX_KNOWN_LENGTH = 128
const MAX_KNOWN_SEGMENTS = 16

/** All paths of one request count their segments together. */
class Scope implements PathScope {
  readonly #budget: { segments: number }
  readonly #nesting: number

  constructor(budget: { segments: number }, nesting: number) {
    this.#budget = budget
    this.#nesting = nesting
  }

  /** The escapes of a path inside a path are decoded once more, as those of every path. */
  subPath(text: string): SubPath {
    if (this.#nesting === MAX_NESTING) throw tooMuch('nested paths', MAX_NESTING)
    const inner = new Scope(this.#budget, this.#nesting + 1)
    return new SubPath(withKeys(readText(text, inner), NO_REQUEST, inner))
  }

  countSegments(count: number): void {
    this.#budget.segments += count
    if (this.#budget.segments > MAX_SEGMENTS) throw tooMuch('segments', MAX_SEGMENTS)
  }
}

function pathText(request: Message): string {
  const path = request.get('path') ?? ''
  const text = isBinary(path) ? toText(path) : undefined
  if (text === undefined || !text.isWellFormed()) {
    throw new AoError('invalid-path', 'Expected the path to be UTF-8 text')
  }
  return text
}

function readText(text: string, scope: Scope): PathText {
  const { head, rest } = cut(decodePercent(text), '?')
  // Slashes in quotes and parentheses do not separate.
  const segments = split(head, '/')
  scope.countSegments(segments.length)
  const steps = withBase(segments.map((segment) => parseSegment(requireSegment(segment), scope)))
  return { steps, query: rest === '' ? [] : parseForm(rest) }
}

function withKeys({ steps, query }: PathText, request: Message, scope: Scope): ParsedPath {
  const { globals, scoped } = readKeys(request, query, scope)
  if (steps.length * globals.size > MAX_STEP_KEYS) throw tooMuch('keys in all steps', MAX_STEP_KEYS)
  return { steps, globals, scoped, request }
}

/** A path starts from an id, a step under a device or a path in parentheses, else from nothing. */
function withBase(steps: PathStep[]): PathStep[] {
  const [first] = steps
  if (first === undefined || first.kind !== 'message') return steps
  return [{ kind: 'message', keys: new Map() }, ...steps]
}

function tooMuch(what: string, limit: number): AoError {
  return new AoError('invalid-path', `Expected a path with fewer ${what}`, { limit })
}
