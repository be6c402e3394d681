/**
 * Replies of two runs of a node in a form in which they must be equal. Everything stays but what
 * differs from run to run and what the recorded node lost; the functions below say what that is:
 *
 * - `maskAssignment`, `maskAos2`: the time of an assignment, which also makes its ids vary
 * - `maskCommitment`: signatures that the node made during the run; hmacs stay by what they cover,
 *   their value follows from the content and is verified instead (`failedCommitments`)
 * - `commitmentsOf`: a recorded node forgets its own signatures on what it stores
 * - `maskLink`: ids of nested messages with one of these in them
 * - `sortedProcesses`: the list of processes, which has no order there
 */
import { decodeAns104 } from '../src/codec/ans104/ans104.ts'
import { decodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { memberTexts, readSignatures } from '../src/codec/httpsig/signature-reader.ts'
import { decodeJson } from '../src/codec/json.ts'
import { verifyCommitment } from '../src/codec/verify.ts'
import { type Commitment, isSigned } from '../src/message/commitment.ts'
import { commitmentToMessage } from '../src/message/commitment-map.ts'
import { linkedKey } from '../src/message/keys.ts'
import { Message } from '../src/message/message.ts'
import { formatTyped } from '../src/message/typed-notation.ts'
import { isList, Link, type Value } from '../src/message/value.ts'
import type { HttpAnswer } from './replay.ts'

export const VARIES = '(varies)'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** What a comparison needs to know of the run. */
export interface Run {
  /** Ids of the commitments in what clients sent: all others the node made. */
  readonly sent: ReadonlySet<string>
}

export function comparableReply(answer: HttpAnswer, run: Run): JsonObject {
  return {
    status: answer.status,
    headers: comparableHeaders(answer),
    signatures: signaturesOf(answer),
    message: maskMessage(decodeReply(answer), { run, depth: 0, codec: codecOf(answer) }),
  }
}

/** All that must be the same bytes wherever no nested message varies. */
export function exactReply({ status, headers, body }: HttpAnswer): JsonObject {
  const exact = [...headers].filter(([name]) => !['signature', 'signature-input'].includes(name))
  const shown = exact.map(([name, value]) => [name, timeVaries(name, headers) ? VARIES : value])
  return {
    status,
    headers: Object.fromEntries(shown) as JsonObject,
    body: Buffer.from(body).toString('latin1'),
  }
}

/** The message that a client reads. */
export function decodeReply(answer: HttpAnswer): Message {
  switch (codecOf(answer)) {
    case 'json@1.0':
      return decodeJson(answer.body)
    case 'ans104@1.0':
      return decodeAns104(answer.body)
    default:
      return decodeHttpsigReply(answer)
  }
}

function codecOf({ headers }: HttpAnswer): string {
  return headers.get('codec-device') ?? 'httpsig@1.0'
}

function decodeHttpsigReply({ headers, body, isPage }: HttpAnswer): Message {
  const ofMessage = [...headers].filter(
    ([name]) => !name.startsWith('access-control-') && !(isPage && name === 'content-type'),
  )
  return decodeHttpsig(body.length > 0 ? { headers: ofMessage, body } : { headers: ofMessage })
}

/** Their values, too, except where they vary with what is nested or signed. */
function comparableHeaders({ headers, isPage }: HttpAnswer): JsonObject {
  const kept = [...headers].filter(([name]) => !(isPage && name === 'content-type'))
  return Object.fromEntries(kept.map(([name, value]) => [name, headerVaries(name, value, headers)]))
}

function headerVaries(name: string, value: string, headers: HttpAnswer['headers']): string {
  if (name === 'content-type') return value.replace(/boundary="[^"]+"/, VARIES)
  const isDerived = ['content-digest', 'signature', 'signature-input'].includes(name)
  return timeVaries(name, headers) || isVaryingLink(name) || isDerived ? VARIES : value
}

function timeVaries(name: string, headers: HttpAnswer['headers']): boolean {
  return name === 'timestamp' && headers.get('type') === 'Assignment'
}

/**
 * What each signature in the headers covers and with which parameters. The label says no more than
 * the signature, but for an hmac over keys that do not vary it must be the same.
 */
export function signaturesOf({ headers }: HttpAnswer): JsonObject[] {
  const input = headers.get('signature-input')
  const entries = readSignatures(headers.get('signature'), input)
  const texts = memberTexts(Buffer.from(input ?? '').toString())
  const summaries = entries.map(({ label, components }) => {
    const raw = texts.get(label) ?? ''
    const varies = components.some((name) => componentVaries(name, headers))
    const isFixed = raw.includes('alg="hmac-sha256"') && !varies
    return { label: isFixed ? label.replaceAll('_', '-') : VARIES, covers: raw }
  })
  return summaries.toSorted((a, b) => (a.covers < b.covers ? -1 : 1))
}

function componentVaries(name: string, headers: HttpAnswer['headers']): boolean {
  if (name === 'timestamp') return timeVaries(name, headers)
  if (name !== 'content-digest') return isVaryingLink(name)
  return /^(multipart|application)/.test(headers.get('content-type') ?? '')
}

interface Place {
  readonly run: Run
  readonly depth: number
  readonly codec: string
}

function maskValue(value: Value, key: string, place: Place): Json {
  if (value instanceof Message) return maskMessage(value, { ...place, depth: place.depth + 1 })
  if (value instanceof Link) return maskLink(value, key)
  if (isList(value)) {
    const items = value.map((item) => maskValue(item, '', place))
    return key === 'processes' ? sortedProcesses(items) : items
  }
  return formatTyped(value) as Json
}

function maskMessage(message: Message, place: Place): JsonObject {
  const entries = [...message].map(([key, value]) => [key, maskValue(value, key, place)] as const)
  const commitments = commitmentsOf(message, place)
  return {
    ...maskAos2(maskAssignment(Object.fromEntries(entries), message)),
    ...(commitments.length === 0 ? {} : { '(commitments)': commitments }),
  }
}

function maskAssignment(entries: JsonObject, message: Message): JsonObject {
  return message.get('type') === 'Assignment' ? { ...entries, timestamp: VARIES } : entries
}

/** Links to messages that hold assignments or the node's location, and to the list of processes. */
const VARYING_LINKS: ReadonlySet<string> = new Set(['assignments', 'body', 'processes'])

function isVaryingLink(header: string): boolean {
  const key = linkedKey(header)
  return key !== undefined && (VARYING_LINKS.has(key) || /^\d+$/.test(key))
}

function maskLink(link: Link, key: string): Json {
  return VARYING_LINKS.has(key) ? 'link' : (formatTyped(link) as Json)
}

function sortedProcesses(items: readonly Json[]): Json[] {
  return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/**
 * JSON shows unsigned commitments of the whole message only: nobody sent those of nested ones. Of
 * stored assignments and locations the recorded node lost the signatures that it had made.
 */
function commitmentsOf(message: Message, { run, depth, codec }: Place): Json[] {
  const shown = [...message.commitments.values()].filter((commitment) => {
    if (depth === 0) return true
    return isSigned(commitment) ? run.sent.has(commitment.id) : codec !== 'json@1.0'
  })
  return shown.map((commitment) => maskCommitment(commitment, run)).toSorted(byText)
}

function maskCommitment(commitment: Commitment, { sent }: Run): Json {
  const { id } = commitment
  const described = commitmentToMessage(commitment)
  if (sent.has(id)) return { id, ...typedFields(described) }
  return typedFields(described.without('signature'))
}

function typedFields(commitment: Message): JsonObject {
  return Object.fromEntries(
    [...commitment].map(([key, value]) => [key, formatTyped(value) as Json] as const),
  )
}

function byText(a: Json, b: Json): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/** The body of an `application/aos-2` reply, parsed. */
function maskAos2(message: JsonObject): JsonObject {
  const body = message.body as { readonly v?: Json } | undefined
  const text = typeof body?.v === 'string' ? body.v : ''
  if (!text.startsWith('{') || !text.includes('"page_info"')) return message
  const page = JSON.parse(text) as Aos2Page
  const edges = page.edges.map(({ node, ...edge }) => ({
    ...edge,
    node: { ...node, assignment: maskAos2Assignment(node.assignment) },
  }))
  return { ...message, body: { ...page, edges } }
}

interface Aos2Page extends JsonObject {
  readonly edges: readonly (JsonObject & { readonly node: Aos2Node })[]
}

interface Aos2Node extends JsonObject {
  readonly assignment: JsonObject & { readonly Tags: readonly Aos2Tag[] }
}

interface Aos2Tag extends JsonObject {
  readonly name: string
}

/** All that tells of the signature of an assignment, which the recorded node lost, and its time. */
function maskAos2Assignment(assignment: Aos2Node['assignment']): JsonObject {
  const Tags = assignment.Tags.map((tag) =>
    tag.name === 'Timestamp' ? { ...tag, value: VARIES } : tag,
  )
  const ofSigner = { Id: VARIES, Owner: VARIES, From: VARIES, PublicKey: VARIES, Signature: VARIES }
  return { ...assignment, ...ofSigner, Tags }
}

/** Ids of all commitments in a message and in what is nested in it. */
export function commitmentIds(value: Value | undefined): string[] {
  if (isList(value)) return value.flatMap((item) => commitmentIds(item))
  if (!(value instanceof Message)) return []
  return [...value.commitments.keys(), ...[...value].flatMap(([, item]) => commitmentIds(item))]
}

/** Commitments in a reply that do not hold, each with the type of its message. */
export async function failedCommitments(value: Value): Promise<string[]> {
  if (isList(value)) return (await Promise.all(value.map(failedCommitments))).flat()
  if (!(value instanceof Message)) return []
  const failed: string[] = []
  for (const [id, commitment] of value.commitments) {
    if (!(await verifyCommitment(value, commitment))) failed.push(`${value.get('type')} ${id}`)
  }
  const nested = await Promise.all([...value].map(([, item]) => failedCommitments(item)))
  return [...failed, ...nested.flat()]
}

export interface Difference {
  /** `/message/assignments/1/slot` */
  readonly path: string
  readonly ours: Json | undefined
  readonly recorded: Json | undefined
}

/** Every place where two values differ, the deepest that both have. */
export function differences(
  ours: Json | undefined,
  recorded: Json | undefined,
  path = '',
): Difference[] {
  if (!isObject(ours) || !isObject(recorded)) {
    return ours === recorded ? [] : [{ path, ours, recorded }]
  }
  const keys = new Set([...Object.keys(ours), ...Object.keys(recorded)])
  return [...keys].flatMap((key) => differences(ours[key], recorded[key], `${path}/${key}`))
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null
}
