/** The table of a run, for the eye and for bench/RESULTS.md. */
import { appendFile } from 'node:fs/promises'
import type { MachineFacts } from './machine.ts'
import { type Goal, isMet, type Row, ratioOf } from './row.ts'

const RESULTS = new URL('./RESULTS.md', import.meta.url)
const HEAD = ['what', 'figure', 'limit in the same run', 'ratio', 'goal', 'met']

/** The rows as a table of Markdown. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)]
  const widths = HEAD.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  const [head = '', ...body] = lines.map(format)
  return [head, rule, ...body].join('\n')
}

export function formatMachine(facts: MachineFacts): string {
  const { processor, cores, memoryGiB, node, load } = facts
  const machine = `${processor}, ${cores} cores, ${memoryGiB} GiB, Node ${node}`
  return `${machine}, load ${load.toFixed(1)} before the run`
}

export interface RunReport {
  readonly rows: readonly Row[]
  readonly machine: MachineFacts
  readonly command: string
}

/** Adds a run to the end of bench/RESULTS.md. */
export async function appendRun({ rows, machine, command }: RunReport): Promise<void> {
  const title = `## ${machine.date}, commit ${machine.commit}`
  const facts = `${formatMachine(machine)}; \`${command}\``
  await appendFile(RESULTS, `\n${title}\n\n${facts}\n\n${formatTable(rows)}\n`)
}

function cells(row: Row): string[] {
  const ratio = ratioOf(row)
  const met = isMet(row)
  return [
    row.name,
    `${formatFigure(row.figure)} ${row.unit}`.trim(),
    row.limit === undefined ? '' : `${formatFigure(row.limit.figure)} (${row.limit.name})`,
    ratio === undefined ? '' : ratio.toFixed(2),
    row.goal === undefined ? '' : formatGoal(row.goal, row.unit),
    met === undefined ? '' : met ? 'yes' : 'no',
  ]
}

function formatGoal({ of, atLeast, atMost }: Goal, unit: string): string {
  const suffix = of === 'figure' ? ` ${unit}` : ' of it'
  const bounds = [
    atLeast === undefined ? [] : `at least ${atLeast}`,
    atMost === undefined ? [] : `at most ${atMost}`,
  ]
  return bounds.flat().join(', ') + suffix
}

/** Three digits that count. */
function formatFigure(figure: number): string {
  if (!Number.isFinite(figure)) return String(figure)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(figure) || 1)))
  return figure.toFixed(Math.min(digits, 4))
}
