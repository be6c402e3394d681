import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createComputeUnit } from './compute-unit.ts'

describe('createComputeUnit()', () => {
  function unitFor(answer: (url: string, init: RequestInit) => Response, maxReplyBytes?: number) {
    const fetch = async (url: unknown, init: RequestInit = {}) => answer(String(url), init)
    const limit = maxReplyBytes === undefined ? {} : { maxReplyBytes }
    const options = { url: 'http://unit.example/cu/', timeoutMs: 1_000, ...limit }
    return createComputeUnit({ fetch: fetch as typeof globalThis.fetch }, options)
  }

  test('keeps the path of its URL', async () => {
    const unit = unitFor((url, { method }) => new Response(`${method} ${url}`))
    assert.equal(
      await unit.post('/result/1?process-id=x', { body: '' }),
      'POST http://unit.example/cu/result/1?process-id=x',
    )
  })

  test('refuses a reply of too many bytes without reading all of it', async () => {
    let pulled = 0
    const endless = () =>
      new ReadableStream({
        pull: (controller) => {
          pulled++
          controller.enqueue(new Uint8Array(100))
        },
      })
    const unit = unitFor(() => new Response(endless()), 1_000)
    await assert.rejects(unit.post('/x', { body: '' }), { code: 'remote-failed' })
    assert.ok(pulled < 20, `${pulled} chunks`)
    const enough = unitFor(() => new Response('x'.repeat(1_000)), 1_000)
    assert.equal((await enough.post('/x', { body: '' })).length, 1_000)
  })

  test('tells what the unit said of its refusal, shortened', async () => {
    const unit = unitFor(() => new Response('no '.repeat(1_000), { status: 503 }))
    await assert.rejects(unit.post('/x', { body: '' }), ({ code, context }) => {
      assert.equal(code, 'remote-failed')
      assert.deepEqual([context.status, context.reason.length], [503, 200])
      return true
    })
  })

  test('sends and reads no headers of the connection, nor what cannot be one', async () => {
    let sent: Headers | undefined
    const unit = unitFor((_, { headers }) => {
      sent = new Headers(headers)
      return new Response('data', {
        headers: { type: 'Checkpoint', connection: 'close', server: 'x', date: 'today' },
      })
    })
    const headers = {
      nonce: '1',
      'content-length': '7',
      'bad name': 'x',
      line: 'a\nb',
      connection: 'x',
    }
    const message = await unit.postForMessage('/snapshot/x', { body: '{}', headers })
    assert.deepEqual(Object.fromEntries(sent ?? []), {
      'content-type': 'application/json',
      nonce: '1',
    })
    assert.deepEqual([message.get('type'), message.get('body')], ['Checkpoint', 'data'])
    for (const key of ['connection', 'server', 'date']) assert.equal(message.has(key), false, key)
  })
})
