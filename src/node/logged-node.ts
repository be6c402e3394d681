import type { NodeConfig } from '../config/options.ts'
import { createLogger } from '../telemetry/logger.ts'
import { type RunningNode, startNode } from './node.ts'

/**
 * A node that logs to the standard error, as its configuration says: what the command line starts.
 * @throws AoError see `startNode`.
 */
export async function startLoggedNode(config: NodeConfig): Promise<RunningNode> {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat })
  const node = await startNode(config, { logger })
  const stop = async (): Promise<void> => {
    await node.stop()
    await logger.flush()
  }
  return { ...node, stop }
}
