/** The rows that a load of messages makes: its rate, and the processor time behind it. */
import type { Row } from './row.ts'
import type { ScheduleLoad } from './schedule-load.ts'

export interface RateGoal {
  /** The rate of raw RSA-4096 PSS signatures that the rate is held against. */
  readonly limit?: 'parallel' | 'serial'
  readonly atLeast: number
}

export function scheduleRows(name: string, result: ScheduleLoad, goal: RateGoal): Row[] {
  const { limit, atLeast } = goal
  const against = limit && {
    limit: {
      name: limit === 'parallel' ? 'signing, parallel' : 'signing, one by one',
      figure: result.signing[limit],
    },
  }
  return [
    {
      ...{ name, figure: result.perSecond, unit: '/s', ...against },
      goal: { of: against === undefined ? 'figure' : 'ratio', atLeast },
    },
    {
      ...{ name: `${name}: processor time of the node`, figure: result.nodeCpuMs, unit: 'ms' },
      ...(limit && { limit: { name: 'one signature', figure: result.signing.cpuMs } }),
    },
    {
      name: `${name}: processor time of the load generator`,
      ...{ figure: result.clientCpuMs, unit: 'ms' },
    },
    ...(limit ? [signingShare(name, result)] : []),
  ]
}

/** What the ratio would be if nothing else ran on the machine and no core ever waited. */
function signingShare(name: string, { signing, nodeCpuMs, clientCpuMs }: ScheduleLoad): Row {
  const figure = signing.cpuMs / (nodeCpuMs + clientCpuMs)
  return { name: `${name}: part of all processor time that signs`, figure, unit: '' }
}
