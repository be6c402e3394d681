/**
 * The audit of schedules as a real node of the reference gives them. It stores assignments without
 * their signature, which is found at every slot; all else holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { Message } from '../src/message/message.ts'
import { auditSchedule } from '../src/scheduler/audit.ts'
import { createNodeSource } from '../src/scheduler/node-source.ts'
import { type GoldenHttp, httpToWire } from './golden-wire.ts'
import { readVectorFile } from './vectors.ts'

interface RecordedGet {
  readonly name: string
  readonly request: string
  readonly response: GoldenHttp
}

const gets = readVectorFile('http/gets') as readonly RecordedGet[]

/** A node that has one recorded page and nothing else. */
async function auditPage(name: string): Promise<{ slots: number; findings: string[] }> {
  const recorded = gets.find((get) => get.name === name)
  assert.ok(recorded)
  const page = decodeHttpsig(httpToWire(recorded.response))
  const assignments = page.get('assignments')
  assert.ok(assignments instanceof Message)
  const slots = [...assignments.keys()].filter((key) => /^\d+$/.test(key)).length
  const source = createNodeSource(async (path) => {
    if (path.includes('/schedule?')) return { status: 200, message: page }
    if (!path.includes('/slot?')) return { status: 404, message: new Message() }
    return { status: 200, message: new Message([['current', String(slots - 1)]]) }
  })
  const processId = String(page.get('process'))
  const findings: string[] = []
  for await (const { code, slot } of auditSchedule(source, processId, { readEvery: 0 })) {
    findings.push(`${code} ${slot}`)
  }
  return { slots, findings }
}

for (const [process, name] of [
  ['A', '05b-schedule-bundle'],
  ['B', '07-B-schedule'],
  ['C', '08-C-schedule'],
  ['D', '16-D-schedule'],
] as const) {
  test(`the schedule of process ${process} has sound slots, messages, chain and times`, async () => {
    const { slots, findings } = await auditPage(name)
    assert.ok(slots > 5)
    assert.deepEqual(
      findings,
      Array.from({ length: slots }, (_, slot) => `assignment-unsigned ${slot}`),
    )
  })
}
