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
  /**
   * Resolves when the bundler has taken the message. The signal gives up.
   * @throws AoError `remote-failed`, with the `status` of a bundler that answered; `unencodable`.
   */
  upload(message: Message, signal?: AbortSignal): Promise<void>
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
  const send = async (form: BundlerForm, given?: AbortSignal): Promise<number> => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = given === undefined ? timeout : AbortSignal.any([given, timeout])
    try {
      const response = await deps.fetch(url, { ...form, method: 'POST', signal })
      // What it says is of no use; without reading it the connection could not be used again.
      await response.body?.pipeTo(new WritableStream())
      return response.status
    } catch (cause) {
      const reason = 'The bundler did not answer; the message stays scheduled here'
      throw new AoError('remote-failed', reason, { bundler: url.host }, cause)
    }
  }
  return {
    isEnabled: true,
    upload: async (message, signal) => {
      for (const form of bundlerForms(message)) {
        const status = await send(form, signal)
        if (status >= 200 && status < 300) continue
        const reason = 'The bundler refused the message; it stays scheduled here'
        throw new AoError('remote-failed', reason, { bundler: url.host, status })
      }
    },
  }
}

interface BundlerForm {
  readonly headers: [string, string][]
  readonly body: Uint8Array<ArrayBuffer>
}

/** The data item of each signer; else the one HTTP message of all. */
function bundlerForms(message: Message): BundlerForm[] {
  const items = [...message.commitments.values()].filter(({ device }) => device === 'ans104@1.0')
  if (items.length === 0) return [httpForm(message)]
  return items.map((commitment) => ({
    headers: [['content-type', 'application/octet-stream']],
    body: Buffer.from(
      encodeAns104(message.withCommitments(new Map([[commitment.id, commitment]]))),
    ),
  }))
}

function httpForm(message: Message): BundlerForm {
  const wire = encodeHttpsig(message, { bundle: true })
  // Header values are bytes; fetch takes each character as one.
  const headers = wire.headers.map(([name, value]): [string, string] => [
    name,
    Buffer.from(toBytes(value)).toString('latin1'),
  ])
  return { headers, body: Buffer.from(wire.body ?? new Uint8Array()) }
}
