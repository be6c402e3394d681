/** All sections, in the order in which they run. A new one is a file and a line here. */
import type { Section } from './section.ts'
import { benchCodecs } from './sections/codecs.ts'
import { benchColdStart } from './sections/cold-start.ts'
import { benchCron } from './sections/cron.ts'
import { benchHttpsig } from './sections/httpsig.ts'
import { benchLatency } from './sections/latency.ts'
import { benchMemory } from './sections/memory.ts'
import { benchOneProcess } from './sections/one-process.ts'
import { benchPages } from './sections/pages.ts'
import { benchSchedule } from './sections/schedule.ts'
import { benchSlot } from './sections/slot.ts'
import { benchWallets } from './sections/wallets.ts'

export const SECTIONS: Readonly<Record<string, Section>> = {
  schedule: benchSchedule,
  httpsig: benchHttpsig,
  'one-process': benchOneProcess,
  wallets: benchWallets,
  latency: benchLatency,
  slot: benchSlot,
  pages: benchPages,
  'cold-start': benchColdStart,
  codecs: benchCodecs,
  memory: benchMemory,
  cron: benchCron,
}
