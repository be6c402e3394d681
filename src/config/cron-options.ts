/** What an operator may decide of `~cron@1.0`: who makes tasks, and how many and fast they may be. */
import { choice, limit, wholeNumber } from './option-kinds.ts'

const SECOND_MS = 1_000

const REFUSED_UNTIL_STOPPED = '503, until a task is stopped'
const REFUSED_TASK = '400 with the reason'

/** Bounds, as docs/limits.md tells of them. */
export const cronLimits = {
  cronMaxTasks: limit(
    wholeNumber(1_000, 'Tasks that are active or paused.', { min: 0 }),
    REFUSED_UNTIL_STOPPED,
  ),
  cronMaxTasksPerOwner: limit(
    wholeNumber(100, 'Tasks of one owner; the operator has no such limit.', { min: 0 }),
    REFUSED_UNTIL_STOPPED,
  ),
  cronMinIntervalMs: limit(
    wholeNumber(100, 'Least time between two runs of a task.', { min: 1 }),
    REFUSED_TASK,
  ),
  cronProcessMinIntervalMs: limit(
    wholeNumber(
      10 * SECOND_MS,
      'Least time between two messages that a process with cron tags gets: each is signed and kept for ever.',
      { min: 1 },
    ),
    'the process runs without them; the log says so',
  ),
  cronMaxRuns: limit(wholeNumber(100, 'Runs under way at once.', { min: 1 }), 'more of them wait'),
  cronRunTimeoutMs: limit(
    wholeNumber(60 * SECOND_MS, 'Time of one run.', { min: 1 }),
    'the run counts as failed',
  ),
} as const

export const cron = {
  cronAccess: choice(
    ['operator', 'signed', 'open'],
    'operator',
    'Who may make tasks of `~cron@1.0`. `operator`: only who the node obeys. `signed`: whoever signs the request, who then owns the task. `open`: everybody, as in HyperBEAM; for a node that only its user can reach.',
  ),
  cronProcessAccess: choice(
    ['operator', 'signed'],
    'signed',
    'Whose processes get the messages that their cron tags ask for. `operator`: those that the operator signed. `signed`: all that the node schedules.',
  ),
  cronHistory: wholeNumber(10, 'Newest runs that are kept of each task.', { min: 1, max: 100 }),
  ...cronLimits,
} as const
