/**
 * `npm run bench [-- SECTION...] [--quick] [--record | --no-record]`: runs the sections, all by
 * default, prints their table and adds it to bench/RESULTS.md with the machine; a quick run only
 * with `--record`. Each rate stands beside the limit that it is held against, measured in the same
 * run. Timings of a machine that does other work at the same time mean nothing.
 */
import { parseArgs } from 'node:util'
import { readMachine } from './machine.ts'
import { appendRun, formatMachine, formatTable } from './report.ts'
import type { Row } from './row.ts'
import { SECTIONS } from './sections.ts'

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    record: { type: 'boolean' },
  },
  allowNegative: true,
  allowPositionals: true,
})
const { quick: isQuick, record = !isQuick } = values
const names = positionals.length > 0 ? positionals : Object.keys(SECTIONS)
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name))
if (unknown !== undefined) {
  console.error(`No section ${unknown}; there are ${Object.keys(SECTIONS).join(', ')}`)
  process.exit(1)
}

const machine = readMachine()
console.log(formatMachine(machine))
const rows: Row[] = []

/** Tells what was measured, also when the run is ended before its end. */
async function finish(status: number): Promise<never> {
  console.log(formatTable(rows))
  if (record && rows.length > 0) {
    const command = ['npm run bench', ...(positionals.length > 0 ? ['--', ...positionals] : [])]
    await appendRun({ rows, machine, command: command.join(' ') })
  }
  process.exit(status)
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void finish(1))
for (const name of names) {
  console.error(`Measuring ${name} ...`)
  const size = (full: number, quick: number): number => (isQuick ? quick : full)
  rows.push(...((await SECTIONS[name]?.({ isQuick, size })) ?? []))
}
await finish(0)
