/** Requests that the operator made once: sent again, elsewhere, and changed, they change nothing. */
import assert from 'node:assert/strict'
import { commitMessage } from '../../src/codec/commit.ts'
import type { Wallet } from '../../src/crypto/wallet.ts'
import { createMessage } from '../../src/message/create-message.ts'
import type { HttpAnswer, HttpRequest } from '../replay.ts'
import { anyForgery } from './hostile-post.ts'
import { plainRequestOf } from './schedule-seeds.ts'
import { createTarget, type FuzzTarget } from './target.ts'

export interface OperatorDeps {
  readonly operator: Wallet
  /** Sends a request. @throws AssertionError for an answer that no request may get */
  readonly ask: (request: HttpRequest) => Promise<HttpAnswer>
}

const INFO = '/~meta@1.0/info'
const PLACES = [INFO, '/~scheduler@1.0/location', '/~location@1.0/node', '/~cron@1.0/every', '/']

export async function operatorTarget({ operator, ask }: OperatorDeps): Promise<FuzzTarget> {
  const posts: HttpRequest[] = []
  for (const device of ['httpsig@1.0', 'ans104@1.0'] as const) {
    const order = createMessage({ path: INFO, method: 'POST', note: 'mine', device: 'x@1.0' })
    const request = plainRequestOf(await commitMessage(order, operator, { device }), INFO)
    assert.equal((await ask(request)).status, 200)
    posts.push(request)
  }
  const options = async (): Promise<string> => {
    const headers = [['accept', 'application/json']] as const
    const { body } = await ask({ method: 'GET', path: INFO, headers })
    return Buffer.from(body).toString()
  }
  const before = await options()
  return createTarget('node-orders', {
    share: 1,
    arbitrary: anyForgery({ posts, places: PLACES }),
    check: async (request) => {
      await ask(request)
      assert.equal(await options(), before)
    },
  })
}
