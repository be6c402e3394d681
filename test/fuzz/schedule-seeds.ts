/** What two clients signed for two processes of a node, in every codec: the seeds of forgeries. */
import { toBytes } from '../../src/base/bytes.ts'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { commitMessage } from '../../src/codec/commit.ts'
import { encodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { encodeJson } from '../../src/codec/json.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { unsignedId } from '../../src/message/id.ts'
import { Message } from '../../src/message/message.ts'
import { clientWallet, idOf, walletB } from '../node-kit.ts'
import type { HttpRequest } from '../replay.ts'

export interface ScheduleSeeds {
  /** Posts that schedule the processes. */
  readonly spawns: readonly HttpRequest[]
  readonly posts: readonly HttpRequest[]
  readonly processes: readonly string[]
  /** Paths about the processes. */
  readonly paths: readonly string[]
  /** What was signed, by `unsignedId`; and by whom. */
  readonly contents: ReadonlySet<string>
  readonly signers: ReadonlySet<string>
}

/** Each name has processes of its own. */
export async function signSeeds(scheduler: string, name: string): Promise<ScheduleSeeds> {
  const spawn = { type: 'Process', device: 'process@1.0', scheduler }
  const processes = [
    await commitMessage(createMessage({ ...spawn, name }), clientWallet, ITEM),
    await commitMessage(createMessage({ ...spawn, name }), walletB, HTTPSIG),
  ]
  const ids = processes.map(idOf)
  const messages: Message[] = []
  for (const target of ids) {
    const message = createMessage({ type: 'Message', target, action: 'Eval', data: 'x'.repeat(50) })
    const nested = createMessage({
      target,
      list: ['a', 1, { b: true }],
      deep: { deeper: { c: '' } },
    })
    messages.push(await commitMessage(message, clientWallet, ITEM))
    messages.push(await commitMessage(message, walletB, HTTPSIG))
    messages.push(await commitMessage(nested, walletB, { ...HTTPSIG, bundle: true }))
    messages.push(await commitMessage(nested, clientWallet, { ...ITEM, bundle: true }))
  }
  return {
    spawns: processes.map((process) => requestOf(process)),
    posts: [...processes, ...messages].flatMap((message) => [
      requestOf(message),
      ...jsonOf(message),
    ]),
    processes: ids,
    paths: ids.flatMap(pathsOf),
    contents: new Set([...processes, ...messages].map(unsignedId)),
    signers: new Set([clientWallet.address, walletB.address]),
  }
}

/** A message as the request itself, sent to this path. */
export function plainRequestOf(message: Message, path: string): HttpRequest {
  const request = requestOf(message, message)
  return { ...request, path }
}

const ITEM = { device: 'ans104@1.0' } as const
const HTTPSIG = { device: 'httpsig@1.0' } as const
const SCHEDULE = { method: 'POST', path: '/~scheduler@1.0/schedule' }

/** A post that has the message scheduled. */
export function requestOf(
  message: Message,
  content: Message = new Message([['body', message]]),
): HttpRequest {
  const devices = [...message.commitments.values()].map(({ device }) => device)
  if (devices.includes('ans104@1.0')) {
    const headers = [['content-type', 'application/ans104']] as const
    return { ...SCHEDULE, headers, body: encodeAns104(message, { bundle: true }) }
  }
  const { headers, body } = encodeHttpsig(content, { bundle: true })
  return {
    ...SCHEDULE,
    headers: headers.map(([name, value]) => [name, Buffer.from(toBytes(value)).toString('latin1')]),
    ...(body === undefined ? {} : { body }),
  }
}

function jsonOf(message: Message): HttpRequest[] {
  return [message, new Message([['body', message]])].map((sent) => ({
    ...SCHEDULE,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(encodeJson(sent, { bundle: true })),
  }))
}

function pathsOf(id: string): string[] {
  return [
    ...['schedule', 'schedule?from=0&to=9', 'schedule&from+integer=1/assignments/1', 'slot'],
    ...['slot/current', 'now', 'compute?slot=1', 'compute&slot+integer=0/results', 'push?slot=1'],
    ...['next', 'schedule?accept=application/aos-2', 'as=scheduler/schedule', 'snapshot'],
  ].map((path) => `/${id}/${path}`)
}
