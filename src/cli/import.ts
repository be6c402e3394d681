import { type Command, readArguments, usageError } from './command.ts'
import { configuredStore } from './place.ts'
import { createProgress, formatCount, formatPlural } from './progress.ts'

export const importCommand: Command = {
  name: 'import',
  usage: '[--store PATH] [--published] FILE',
  summary: 'Audits an exported schedule and takes it into a store',
  details:
    () => `FILE is what export wrote, in either format. Everything in it is audited before it is written,
and a slot that the store has already must hold the same assignment. An import that was broken off
is run again: it goes on after the last slot that is there.

  --store PATH  the folder of a store that no running node holds, made if it is not there; without
                it the store that is configured (see config print)
  --published   a bundler has the slots of the file already; else a node with a bundler uploads them`,
  async run(args, io) {
    const given = readArguments(args, {
      ...{ values: { store: [] }, switches: ['published'], words: 1 },
    })
    const [file] = given.words
    if (file === undefined) throw usageError('Expected the file of an exported schedule')
    const storePath = given.values.get('store') ?? configuredStore()
    const progress = createProgress(io)
    const { importSchedule } = await import('../node/import-schedule.ts')
    const isPublished = given.switches.has('published')
    const { processId, written, present, current, published } = await importSchedule({
      ...{ storePath, file, isPublished },
      onSlot: (slot) => progress.slot(file, slot),
      onFinding: ({ severity, code, slot, message }) => {
        progress.clear()
        io.writeError(`slot ${slot}: ${severity} ${code}: ${message}\n`)
      },
    })
    progress.clear()
    await io.write(
      `${processId}: ${formatPlural(written, 'slot')} imported, ` +
        `${formatCount(present)} there before, the newest is ${current}` +
        `${isPublished ? `, a bundler has the first ${formatCount(published)}` : ''}\n`,
    )
  },
}
