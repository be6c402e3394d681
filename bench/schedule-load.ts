/**
 * Schedules prepared messages on a node in a process of its own, from a load generator in another,
 * and tells what came of it beside what the machine signs at the same time of the run.
 */
import type { NodeConfig } from '../src/config/options.ts'
import { testWallet } from '../src/crypto/test-wallet.ts'
import type { WalletType } from '../src/crypto/wallet.ts'
import { type BenchNode, load, startBenchNode } from './children.ts'
import type { LoadResult } from './http-load.ts'
import {
  type MessageForm,
  type PreparedProcess,
  prepareMessages,
  prepareProcesses,
} from './requests.ts'
import { measureSigningRate, type SigningRate } from './signing-rate.ts'

export interface ScheduleLoadSpec {
  readonly form?: MessageForm
  readonly walletType?: WalletType
  readonly processes: number
  readonly messages: number
  /** At once; default 128. */
  readonly connections?: number
  readonly options?: Partial<NodeConfig>
}

export interface ScheduleLoad extends LoadResult {
  readonly perSecond: number
  /** Processor time of the node for each message, in milliseconds. */
  readonly nodeCpuMs: number
  /** The same of the load generator. */
  readonly clientCpuMs: number
  /** The mean of before and after the load. */
  readonly signing: SigningRate
}

const CONNECTIONS = 128
/**
 * Times the messages of a run that are sent before it. V8 compiles until some 20,000 messages have come,
 * which takes 0.2 ms of each: a node that runs for hours has that behind it.
 */
const WARM_UP = 3

/** Processes on a fresh node, for as many loads as are wanted. */
export interface ScheduleBench extends AsyncDisposable {
  readonly node: BenchNode
  /** Sends messages, as many at once as there are connections or at a given rate. */
  run(count: number, ratePerSecond?: number): Promise<LoadResult & { readonly nodeCpuMs: number }>
  /** Brings the node to the state that it has after minutes of load, before runs of so many messages. */
  warmUp(count: number): Promise<void>
}

export async function openScheduleBench(spec: ScheduleLoadSpec): Promise<ScheduleBench> {
  const { form = 'ans104', walletType = 'rsa-4096', connections = CONNECTIONS, options = {} } = spec
  const node = await startBenchNode({ walletType, options })
  const client = testWallet()
  const processes = await prepareProcesses(spec.processes, node.address, client)
  const sendProcesses = (some: readonly PreparedProcess[]) =>
    load(
      some.map(({ request }) => request),
      { port: node.port, connections: Math.min(connections, some.length), count: some.length },
    )
  await sendProcesses(processes)
  let runs = 0
  const prepare = (count: number) =>
    prepareMessages(count, { form, client, processes, salt: `${runs++}` })
  return {
    node,
    warmUp: async (count) => {
      await load(await prepare(count), { port: node.port, connections, count: WARM_UP * count })
    },
    run: async (count, ratePerSecond) => {
      const requests = await prepare(count)
      const before = await node.usage()
      const pace = ratePerSecond === undefined ? {} : { ratePerSecond }
      const result = await load(requests, { port: node.port, connections, count, ...pace })
      const after = await node.usage()
      return { ...result, nodeCpuMs: (after.cpuMs - before.cpuMs) / count }
    },
    [Symbol.asyncDispose]: () => node.stop(),
  }
}

export async function runScheduleLoad(spec: ScheduleLoadSpec): Promise<ScheduleLoad> {
  await using bench = await openScheduleBench(spec)
  await bench.warmUp(spec.messages)
  const before = await measureSigningRate()
  const result = await bench.run(spec.messages)
  const after = await measureSigningRate()
  return {
    ...result,
    perSecond: result.requests / result.seconds,
    clientCpuMs: result.cpuMs / result.requests,
    signing: {
      parallel: (before.parallel + after.parallel) / 2,
      serial: (before.serial + after.serial) / 2,
      cpuMs: (before.cpuMs + after.cpuMs) / 2,
    },
  }
}
