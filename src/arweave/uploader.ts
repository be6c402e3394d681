/**
 * Publishes messages through a bundler: a data item as its bytes, an httpsig message as an HTTP
 * message. Without a bundler nothing is published and every upload succeeds at once.
 */

import { toBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { encodeAns104 } from '../codec/ans104/ans104.ts'
import { encodeHttpsig } from '../codec/httpsig/httpsig.ts'
import type { Message } from '../message/message.ts'

export interface Uploader {
  /** Whether anything is published at all. */
  readonly isEnabled: boolean
  /** Resolves when the bundler has taken the message. @throws AoError `remote-failed`. */
  upload(message: Message): Promise<void>
}

/** For nodes without a bundler. */
export const noUploader: Uploader = { isEnabled: false, upload: () => Promise.resolve() }

export interface UploaderDeps {
  readonly fetch: typeof fetch
}

export interface UploaderOptions {
  /** Base URL of the bundler; items are posted to `/tx` below it. */
  readonly bundlerUrl: string | undefined
  /** Default 30,000. */
  readonly timeoutMs?: number
}

export function createUploader(deps: UploaderDeps, options: UploaderOptions): Uploader {
  const { bundlerUrl, timeoutMs = 30_000 } = options
  if (bundlerUrl === undefined) return noUploader
  const url = new URL('tx', bundlerUrl.endsWith('/') ? bundlerUrl : `${bundlerUrl}/`)
  return {
    isEnabled: true,
    upload: async (message) => {
      const signal = AbortSignal.timeout(timeoutMs)
      const init = { ...encodeForBundler(message), method: 'POST', signal }
      const response = await deps.fetch(url, init).catch((cause: unknown) => {
        const reason = 'The bundler could not be reached; the message stays scheduled here'
        throw new AoError('remote-failed', reason, { bundler: url.host }, cause)
      })
      await response.arrayBuffer()
      if (response.ok) return
      throw new AoError('remote-failed', 'The bundler refused the message', {
        bundler: url.host,
        status: response.status,
      })
    },
  }
}

function encodeForBundler(message: Message): { headers: [string, string][]; body: Uint8Array } {
  const devices = [...message.commitments.values()].map(({ device }) => device)
  if (devices.includes('ans104@1.0')) {
    const headers: [string, string][] = [['content-type', 'application/octet-stream']]
    return { headers, body: encodeAns104(message) }
  }
  const wire = encodeHttpsig(message, { bundle: true })
  // Header values are bytes; fetch takes each character as one.
  const headers = wire.headers.map(([name, value]): [string, string] => [
    name,
    Buffer.from(toBytes(value)).toString('latin1'),
  ])
  return { headers, body: wire.body ?? new Uint8Array() }
}
