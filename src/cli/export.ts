import { type Command, readArguments, usageError } from './command.ts'
import { PLACE_DETAILS, PLACE_FLAGS, placeOf, processIds, wholeNumber } from './place.ts'
import { createProgress, formatPlural } from './progress.ts'

const FORMATS = ['jsonl', 'ans104'] as const

export const exportCommand: Command = {
  name: 'export',
  usage: '[--node URL | --store PATH] [--format jsonl|ans104] [--output FILE] [flags] PROCESS',
  summary: 'Writes the schedule of a process to a file',
  details: () => `${PLACE_DETAILS}
  --format jsonl   a line for each slot with all that is stored of it (default): import restores
                   it byte for byte
  --format ans104  an ANS-104 bundle: for each slot the item of the message, then that of the
                   assignment. Only for schedules in which all are data items
  --output FILE    instead of the standard output; complete as soon as it is there. JSON lines that
                   were broken off go on where they stood (FILE.part) when this is run again
  --from N         first slot, default 0
  --to N           last slot, default the newest`,
  async run(args, io) {
    const values = { ...PLACE_FLAGS, format: FORMATS, output: [], from: [], to: [] }
    const given = readArguments(args, { values, words: 1 })
    const [processId] = processIds(given)
    if (processId === undefined) throw usageError('Expected the id of a process')
    const output = given.values.get('output')
    const [from, to] = [wholeNumber(given, 'from'), wholeNumber(given, 'to')]
    const progress = createProgress(io)
    const { exportSchedule } = await import('../node/export-schedule.ts')
    const slots = await exportSchedule(placeOf(given), {
      processId,
      format: given.values.get('format') === 'ans104' ? 'ans104' : 'jsonl',
      ...(output === undefined ? {} : { output }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      write: (chunk) => io.write(chunk),
      onSlot: (slot, last) => progress.slot(processId, slot, last),
    })
    progress.clear()
    if (output !== undefined) await io.write(`${output}: ${formatPlural(slots, 'slot')}\n`)
  },
}
