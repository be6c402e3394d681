/** HTTP messages as the golden files write them, to and from the codec's. */
import { type Binary, toBinary } from '../src/base/bytes.ts'
import type { HttpsigWire } from '../src/codec/httpsig/httpsig.ts'

/** Headers and body as a node's codec made them; bytes that are no text start with `b64:`. */
export interface GoldenForm {
  readonly headers: Readonly<Record<string, string>>
  readonly body_b64: string | null
}

/** A request or reply as it was recorded on its way. */
export interface GoldenHttp {
  readonly method?: string
  readonly path?: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: { readonly text?: string; readonly b64?: string } | null
}

export function formToWire({ headers, body_b64 }: GoldenForm): HttpsigWire {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name, goldenBytes(value)] as const,
  )
  return body_b64 === null
    ? { headers: entries }
    : { headers: entries, body: Buffer.from(body_b64, 'base64') }
}

export function wireToForm({ headers, body }: HttpsigWire): GoldenForm {
  return {
    headers: Object.fromEntries(headers.map(([name, value]) => [name, goldenText(value)])),
    body_b64: body === undefined ? null : Buffer.from(body).toString('base64'),
  }
}

export function httpToWire({ method, path, headers, body }: GoldenHttp): HttpsigWire {
  const bytes =
    body?.b64 === undefined ? Buffer.from(body?.text ?? '') : Buffer.from(body.b64, 'base64')
  return {
    headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const),
    body: bytes,
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { target: path }),
  }
}

export function goldenBytes(text: string): Binary {
  return text.startsWith('b64:') ? toBinary(Buffer.from(text.slice(4), 'base64')) : text
}

function goldenText(value: Binary): string {
  return typeof value === 'string' ? value : `b64:${Buffer.from(value).toString('base64')}`
}

/** A captured request or reply, header values as latin1 text; `undefined` when it is not signed. */
export function capturedWire(
  recorded: Readonly<Record<string, unknown>> | null,
): HttpsigWire | undefined {
  const headers = (recorded?.headers ?? []) as readonly (readonly [string, string])[]
  if (recorded === null || !headers.some(([name]) => /^signature-input$/i.test(name)))
    return undefined
  const { method, url, bodyBase64 } = recorded
  return {
    headers: headers.map(
      ([name, value]) => [name.toLowerCase(), toBinary(Buffer.from(value, 'latin1'))] as const,
    ),
    body: Buffer.from(String(bodyBase64 ?? ''), 'base64'),
    ...(typeof method === 'string' ? { method } : {}),
    ...(typeof url === 'string' ? { target: url } : {}),
  }
}
