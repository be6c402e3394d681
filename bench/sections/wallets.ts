/** Schedulers whose signatures cost little: what remains is the node itself. */
import type { Row } from '../row.ts'
import { runScheduleLoad } from '../schedule-load.ts'
import { scheduleRows } from '../schedule-rows.ts'
import type { Section } from '../section.ts'

export const benchWallets: Section = async ({ size }) => {
  const rows: Row[] = []
  for (const walletType of ['ed25519', 'secp256k1'] as const) {
    const result = await runScheduleLoad({ walletType, processes: 64, messages: size(12_000, 600) })
    rows.push(...scheduleRows(`schedule, ${walletType} wallet`, result, { atLeast: 2_500 }))
  }
  return rows
}
