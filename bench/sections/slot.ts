/** `slot/current`: signed, where equal replies share a signature, and unsigned. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { load, startBenchNode } from '../children.ts'
import { getRequest, prepareProcesses } from '../requests.ts'
import type { Row } from '../row.ts'
import type { Section } from '../section.ts'

const CONNECTIONS = 64

export const benchSlot: Section = async ({ size }) => {
  const count = size(60_000, 4_000)
  const limit = { name: 'a bare Fastify server', figure: await bareRate(count) }
  const rows: Row[] = []
  for (const [name, signReplies, atLeast] of [
    ['signed', true, 0.3],
    ['unsigned', false, 0.4],
  ] as const) {
    const figure = await slotRate(count, signReplies)
    rows.push({
      ...{ name: `slot/current, ${name}`, figure, unit: '/s', limit },
      goal: { of: 'ratio', atLeast },
    })
  }
  return rows
}

async function slotRate(count: number, signReplies: boolean): Promise<number> {
  const node = await startBenchNode({ options: { signReplies } })
  try {
    const { port } = node
    const processes = await prepareProcesses(16, node.address, testWallet())
    const posts = processes.map(({ request }) => request)
    await load(posts, { port, connections: 1, count: posts.length })
    return await rate(
      processes.map(({ id }) => getRequest(`/${id}/slot/current`)),
      { port, count },
    )
  } finally {
    await node.stop()
  }
}

async function bareRate(count: number): Promise<number> {
  const server = fork(new URL('../bare-server.ts', import.meta.url))
  const [port] = (await once(server, 'message')) as [number]
  const figure = await rate([getRequest('/slot/current')], { port, count })
  server.disconnect()
  return figure
}

/** Replies a second, after a run that makes the server warm. */
async function rate(
  requests: readonly Uint8Array[],
  { port, count }: { readonly port: number; readonly count: number },
): Promise<number> {
  const options = { port, connections: CONNECTIONS }
  await load(requests, { ...options, count: Math.ceil(count / 4) })
  const { requests: replies, seconds } = await load(requests, { ...options, count })
  return replies / seconds
}
