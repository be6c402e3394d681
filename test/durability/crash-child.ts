/** A node in a process of its own, which can be killed at any moment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { NodeConfig } from '../../src/config/options.ts'

export interface CrashChild {
  /** Resolves when the node answers; `undefined` when it ended before. */
  readonly ready: Promise<StartedNode | undefined>
  /** SIGKILL; gives whether the process was there to be killed. */
  kill(): Promise<boolean>
  /** SIGTERM. */
  askToStop(): void
  /** Resolves with the exit status, `null` after a signal. */
  readonly exited: Promise<number | null>
}

export interface StartedNode {
  readonly url: string
  readonly address: string
}

const SCRIPT = fileURLToPath(new URL('node-child.ts', import.meta.url))

export interface ChildOptions {
  readonly config: Partial<NodeConfig>
  /** Where Node keeps compiled code, so that starts are quick. */
  readonly cacheFolder: string
  /** Kills the node when the test has failed elsewhere. */
  readonly signal: AbortSignal
}

export function startChild(options: ChildOptions): CrashChild {
  const { cacheFolder, signal } = options
  const config = {
    ...{ host: '127.0.0.1', port: 0, storeEngine: 'lmdb', signReplies: false },
    ...options.config,
  }
  const child = spawn(process.execPath, ['--conditions=source', SCRIPT, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cacheFolder },
    ...{ signal, killSignal: 'SIGKILL' },
  })
  // The abort itself; the end of the process is what counts.
  child.on('error', () => undefined)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  return {
    exited,
    ready: Promise.race([firstLine(child), exited.then(() => undefined)]),
    kill: async () => {
      const isSent = child.exitCode === null && child.kill('SIGKILL')
      await exited
      return isSent && child.signalCode === 'SIGKILL'
    },
    askToStop: () => void child.kill('SIGTERM'),
  }
}

async function firstLine({ stdout }: ChildProcess): Promise<StartedNode | undefined> {
  if (stdout === null) return undefined
  for await (const line of createInterface({ input: stdout }))
    return JSON.parse(line) as StartedNode
  return undefined
}
