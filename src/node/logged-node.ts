import type { NodeConfig } from '../config/options.ts'
import { createLogger } from '../telemetry/logger.ts'
import { saveMemoryWhenIdle } from './idle-memory.ts'
import { type RunningNode, startNode } from './node.ts'
import { keepObjectsYoung } from './young-objects.ts'

/**
 * A node that logs to the standard error, as its configuration says, and has a process of its own:
 * what the command line starts.
 * @throws AoError see `startNode`.
 */
export async function startLoggedNode(config: NodeConfig): Promise<RunningNode> {
  keepObjectsYoung()
  const logger = createLogger({ level: config.logLevel, format: config.logFormat })
  const node = await startNode(config, { logger })
  const stopSaving = saveMemoryWhenIdle()
  const stop = async (): Promise<void> => {
    stopSaving()
    await node.stop()
    await logger.flush()
  }
  return { ...node, stop }
}
