/**
 * From a request to its reply without a socket: codecs, path, resolver and the devices that need
 * nothing else, over a hostile store.
 */
import assert from 'node:assert/strict'
import { toBinary } from '../../src/base/bytes.ts'
import { AoError } from '../../src/base/errors.ts'
import { createMessageCache } from '../../src/cache/cache.ts'
import { commitMessage } from '../../src/codec/commit.ts'
import { verifyCommitment } from '../../src/codec/verify.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { createJsonDevice } from '../../src/device/json.ts'
import { createMessageDevice } from '../../src/device/message.ts'
import { createDeviceRegistry } from '../../src/device/registry.ts'
import type { Received } from '../../src/http/exchange.ts'
import { createMessageWork } from '../../src/http/message-work.ts'
import { createReply } from '../../src/http/reply.ts'
import { createReplyEncoders } from '../../src/http/reply-encoders.ts'
import { createReplySigner } from '../../src/http/reply-signer.ts'
import { createRequestDecoders } from '../../src/http/request-decoders.ts'
import { statusOfCode } from '../../src/http/status.ts'
import type { WireReply } from '../../src/http/wire-reply.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { parsePath } from '../../src/resolver/path.ts'
import { createResolver } from '../../src/resolver/resolve.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { HttpRequest } from '../replay.ts'
import { anyBomb } from './amplification.ts'
import type { Corpus } from './corpus.ts'
import { anyPath, anyRequest } from './hostile-request.ts'
import { writeHostile } from './hostile-store.ts'
import { attempt, createTarget, type FuzzTarget } from './target.ts'

export async function workTargets(corpus: Corpus): Promise<FuzzTarget[]> {
  const work = await createWork()
  return [
    createTarget('paths', {
      share: 12,
      arbitrary: anyPath(corpus),
      check: async (path) => {
        await attempt(() => parsePath(createMessage({ path, method: 'GET', 'x.y': '1' })))
      },
    }),
    createTarget('amplification', {
      share: 0.5,
      arbitrary: anyBomb,
      check: async (request) => checkReply(await answer(work, request)),
    }),
    createTarget('requests', {
      share: 30,
      arbitrary: anyRequest(corpus),
      check: async (request) => checkReply(await answer(work, request)),
    }),
  ]
}

async function createWork() {
  const store = await openStore({ engine: 'memory' })
  await writeHostile(store)
  const cache = createMessageCache(store)
  const loadAll = cache.loadAll
  const devices = createDeviceRegistry([
    createMessageDevice({ verifyCommitment }),
    createJsonDevice({ loadAll, storeNested: async () => undefined }),
  ])
  const resolver = createResolver({
    devices,
    readMessage: cache.read,
    loadLink: cache.load,
    isOperator: async () => false,
  })
  const wallet = testWallet()
  const encoders = createReplyEncoders()
  const sign = createReplySigner((message, options) => commitMessage(message, wallet, options))
  const deps = { encoders, storeMessage: async () => undefined, loadLinks: loadAll, sign }
  return createMessageWork({
    resolve: (message) => resolver.resolveRequest(message),
    decoders: createRequestDecoders(),
    encoders,
    reply: createReply(deps),
  })
}

type Work = Awaited<ReturnType<typeof createWork>>

/** The reply, or the status of the refusal. */
async function answer(work: Work, request: HttpRequest): Promise<WireReply | number> {
  try {
    return await work(received(request))
  } catch (error) {
    if (error instanceof AoError) return statusOfCode(error.code)
    throw error
  }
}

function received({ method, path, headers, body = Buffer.alloc(0) }: HttpRequest): Received {
  const byName = new Map(
    headers.map(([name, value]) => [name.toLowerCase(), toBinary(Buffer.from(value, 'latin1'))]),
  )
  const size = { headerCount: byName.size, bytes: 0 }
  return {
    head: { method, target: path, headers: byName, ...size, peerAddress: '127.0.0.1' },
    body,
    requestId: 'fuzz',
    signal: new AbortController().signal,
    failAs: () => undefined,
  }
}

/** What the store holds may be missing or circular: that is said with 404, 413 or 508. */
function checkReply(reply: WireReply | number): void {
  const status = typeof reply === 'number' ? reply : reply.status
  assert.ok(status < 500 || status === 508, `status ${status}`)
  if (typeof reply === 'number') return
  for (const text of reply.headers) assert.match(text, /^[\t -~\u0080-\u00ff]*$/)
}
