/** A task as clients see it: a message. What it shows is public. */
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import type { RunRecord } from './run-history.ts'
import type { Task, TaskDefinition } from './task.ts'
import type { Timetable } from './timetable.ts'

/** All of a task, its newest runs included. */
export function viewTask(task: Task): Message {
  return summarizeTask(task).with([['history', task.history.list().map(viewRun)]])
}

/** A task as it stands in a list. */
export function summarizeTask(task: Task): Message {
  const { definition, timetable } = task
  const { id, kind, path, owners, createdMs } = definition
  return message({
    id,
    kind,
    'cron-path': path === '' ? undefined : path,
    owners,
    state: task.state,
    reason: task.reason,
    ...timetableKeys(timetable),
    ...termKeys(definition),
    created: createdMs,
    'next-run': task.nextDue,
    'last-run': task.lastDue,
    'last-status': task.history.last()?.status,
    runs: task.runs,
    running: task.live.running,
    'failed-runs': task.failedRuns,
    'missed-runs': task.missedRuns,
    'skipped-runs': task.skippedRuns,
  })
}

function timetableKeys(timetable: Timetable): Record<string, Value> {
  switch (timetable.kind) {
    case 'once':
      return { at: timetable.atMs }
    case 'every':
      return { interval: `${timetable.intervalMs}-milliseconds` }
    case 'blocks':
      return { interval: `${timetable.blocks}-blocks` }
    case 'calendar':
      return { cron: timetable.expression, 'time-zone': timetable.timeZone }
  }
}

function termKeys(definition: TaskDefinition): Record<string, Value | undefined> {
  const { untilMs, times, jitterMs, catchUp, overlap, retries } = definition
  return {
    until: untilMs,
    times,
    jitter: jitterMs === 0 ? undefined : `${jitterMs}-milliseconds`,
    missed: catchUp === 0 ? 'skip' : catchUp === 1 ? 'once' : `catch-up-${catchUp}`,
    overlap,
    retries,
  }
}

function viewRun({ due, startedMs, durationMs, status, attempts, result, reason }: RunRecord) {
  return message({
    ...{ due, started: startedMs, 'duration-ms': durationMs, status, attempts, result, reason },
  })
}

function message(keys: Readonly<Record<string, Value | undefined>>): Message {
  const entries: [string, Value][] = []
  for (const [key, value] of Object.entries(keys)) {
    if (value !== undefined) entries.push([key, value])
  }
  return new Message(entries)
}
