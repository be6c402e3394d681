/** `cron@1.0` as a device: the tasks of the node behind the device seam. Every other key is an interval. */
import { isAoError } from '../base/errors.ts'
import type { Cron } from '../cron/cron.ts'
import type { ManageKey } from '../cron/manage-task.ts'
import type { CreateKey } from '../cron/read-task.ts'
import { summarizeTask, viewTask } from '../cron/task-view.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { type Device, type DeviceHandler, failed, type Outcome, ok } from './device.ts'
import { numberAt, textAt } from './read-key.ts'

export function createCronDevice(cron: Cron): Device {
  const create = (key: CreateKey) => answer(async (request) => created(cron, key, request))
  const manage = (key: ManageKey) => answer(async (request) => managed(cron, key, request))
  return {
    name: 'cron@1.0',
    keys: new Map<string, DeviceHandler>([
      ['info', async () => ({ ...ok(INFO), isOwn: true })],
      ['once', create('once')],
      ['every', create('every')],
      ['cron', create('cron')],
      ['stop', manage('stop')],
      ['pause', manage('pause')],
      ['resume', manage('resume')],
      ['run', manage('run')],
      ['get', answer(async (request) => get(cron, request))],
      ['list', answer(async (request) => list(cron, request))],
    ]),
    excludes: new Set(['keys', 'set']),
    fallback: answer(async (request) => {
      const interval = textAt(request, 'path') ?? ''
      return created(cron, 'every', request.with([['interval', interval]]))
    }),
  }
}

const INFO = new Message<Value>([
  ['status', 200],
  [
    'body',
    new Message<Value>([
      ['description', 'Cron device for scheduling messages'],
      ['version', '1.0'],
      [
        'paths',
        new Message<Value>([
          ['info', 'Get device info'],
          ['once', 'Schedule a one-time message'],
          ['every', 'Schedule a recurring message'],
          ['stop', 'Stop a scheduled task {task}'],
        ]),
      ],
    ]),
  ],
])

/** What a request gets wrong is answered as HyperBEAM does: 400, the reason as the body. */
function answer(handle: (request: Message) => Promise<Outcome>): DeviceHandler {
  return async (_base, request) => {
    try {
      return await handle(request)
    } catch (error) {
      if (isAoError(error, 'invalid-request')) return failed(400, error.message)
      if (isAoError(error, 'unauthorized')) return failed(401, error.message)
      throw error
    }
  }
}

async function created(cron: Cron, key: CreateKey, request: Message): Promise<Outcome> {
  return reply(await cron.create(key, request), ['cache-control', ['no-store']])
}

/** What clients are told; the key of the id is written so in HyperBEAM. */
const DONE: Readonly<Record<ManageKey, string>> = {
  stop: 'Task stopped successfully',
  pause: 'Task paused',
  resume: 'Task resumed',
  run: 'Task started',
}

async function managed(cron: Cron, key: ManageKey, request: Message): Promise<Outcome> {
  const id = await cron.manage(key, request)
  return reply(
    new Message([
      ['message', DONE[key]],
      ['task_id', id],
    ]),
  )
}

function get(cron: Cron, request: Message): Outcome {
  const id = textAt(request, 'task')
  if (id === undefined) return failed(400, 'No task ID found in message.')
  const task = cron.get(id)
  return task === undefined ? failed(400, 'Task not found.') : reply(viewTask(task))
}

const DEFAULT_PAGE = 100
const MAX_PAGE = 1_000

async function list(cron: Cron, request: Message): Promise<Outcome> {
  const limit = numberAt(request, 'limit') ?? DEFAULT_PAGE
  if (!(limit >= 1 && limit <= MAX_PAGE)) {
    return failed(400, `Expected limit to be a number from 1 to ${MAX_PAGE}`)
  }
  const { tasks, next } = await cron.list({
    ...{ after: textAt(request, 'after'), limit },
    ...{ state: textAt(request, 'state'), owner: textAt(request, 'owner') },
  })
  return reply(
    new Message<Value>([
      ['tasks', tasks.map(summarizeTask)],
      ...(next === undefined ? [] : [['next', next] as const]),
    ]),
  )
}

/** What this device says is signed by the node, also under keys that it does not name. */
function reply(body: Value, ...more: readonly (readonly [string, Value])[]): Outcome {
  return { ...ok(new Message<Value>([['status', 200], ...more, ['body', body]])), isOwn: true }
}
