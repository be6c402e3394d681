/**
 * `push@1.0`: schedules the message of a request and answers with its slot, process and id, which is
 * what clients read. A process that is pushed is answered with its assignment.
 */
import { toText } from '../base/bytes.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import type { SchedulerDevice } from '../scheduler/device.ts'
import { type Device, type DeviceHandler, failed, ok } from './device.ts'

export function createPushHandler(scheduler: SchedulerDevice): DeviceHandler {
  return async (base, request) => {
    if (methodOf(request) !== 'POST') {
      return failed(400, 'Expected a POST with the message to push')
    }
    const { status, value } = await scheduler.schedule(base, request)
    if (status !== 200) return failed(status, value)
    return ok(value instanceof Message ? pushed(value) : value)
  }
}

export function createPushDevice(push: DeviceHandler): Device {
  return { name: 'push@1.0', keys: new Map([['push', push]]), ownAnswers: new Set(['push']) }
}

/**
 * The reply to a push: the assignment of a process, else where a message was scheduled, and its id,
 * which clients ask for who leave it to the node to tell them.
 */
function pushed(assignment: Message): Message {
  const body = assignment.get('body')
  if (body instanceof Message && isText(body.get('type'), 'Process')) return assignment
  const entries: [string, Value][] = []
  if (body instanceof Message) entries.push(['id', messageId(body, 'all')])
  for (const key of ['process', 'slot']) {
    const value = assignment.get(key)
    if (value !== undefined) entries.push([key, value])
  }
  return new Message(entries)
}

function methodOf(request: Message): string {
  const method = request.get('method')
  return isBinary(method) ? (toText(method) ?? '').toUpperCase() : 'GET'
}

function isText(value: Value | undefined, text: string): boolean {
  return isBinary(value) && toText(value) === text
}
