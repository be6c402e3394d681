import { AoError } from '../base/errors.ts'
import type { VerifySummary } from '../node/verify-schedules.ts'
import { type Command, type CommandIo, readArguments } from './command.ts'
import { PLACE_DETAILS, PLACE_FLAGS, placeOf, processIds, wholeNumber } from './place.ts'
import { createProgress, formatPlural } from './progress.ts'

export const verifyCommand: Command = {
  name: 'verify',
  usage: '[--node URL | --store PATH] [--json] [--reads N] [PROCESS...]',
  summary: 'Audits schedules: slots, signatures, chains, times and all ways of reading',
  details:
    () => `Without a PROCESS it audits all that there are. Each finding is a line; the exit status is 1 if
one of them is an error.

${PLACE_DETAILS}
  --json        findings, and the summary as the last line, as JSON
  --reads N     also reads every Nth slot by slot, by id and by message, and compares; 0 for none.
                Default 1 for a store, 100 for a node`,
  async run(args, io) {
    const spec = { values: { ...PLACE_FLAGS, reads: [] }, switches: ['json'], words: Infinity }
    const given = readArguments(args, spec)
    const readEvery = wholeNumber(given, 'reads')
    const isJson = given.switches.has('json')
    const progress = createProgress(io)
    const { verifySchedules } = await import('../node/verify-schedules.ts')
    const summary = await verifySchedules(placeOf(given), {
      processes: processIds(given),
      ...(readEvery === undefined ? {} : { readEvery }),
      onSlot: (processId, slot, last) => progress.slot(processId, slot, last),
      onFinding: async (process, finding) => {
        progress.clear()
        const { severity, code, slot, message } = finding
        const at = slot === undefined ? '' : ` slot ${slot}`
        const line = `${process}${at}: ${severity} ${code}: ${message}`
        await io.write(`${isJson ? JSON.stringify({ process, ...finding }) : line}\n`)
      },
    })
    progress.clear()
    await tell(summary, io, isJson)
  },
}

/** @throws AoError `invalid-message` if there were errors, for the exit status. */
async function tell(summary: VerifySummary, io: CommandIo, isJson: boolean): Promise<void> {
  const { processes, slots, errors, warnings, notes, source } = summary
  const counts = [
    formatPlural(processes, 'process', 'processes'),
    formatPlural(slots, 'slot'),
    formatPlural(errors, 'error'),
    formatPlural(warnings, 'warning'),
    formatPlural(notes, 'note'),
  ]
  await io.write(`${isJson ? JSON.stringify({ summary }) : `${source}: ${counts.join(', ')}`}\n`)
  if (errors === 0) return
  throw new AoError('invalid-message', `The audit found ${formatPlural(errors, 'error')}`)
}
