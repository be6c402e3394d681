/** A message to headers and body. */
import { type Binary, compareText, toBytes } from '../../base/bytes.ts'
import { bundledTabm } from '../../message/bundled-tabm.ts'
import type { Commitment } from '../../message/commitment.ts'
import { type HeaderForm, headerForm } from '../../message/header-form.ts'
import { linkedTabm } from '../../message/id.ts'
import type { Message } from '../../message/message.ts'
import { digestedHeaders } from '../../message/signature-base.ts'
import type { Tabm } from '../../message/tabm.ts'
import { fitForHttp } from './fit-for-http.ts'
import { isBundle } from './rebuilt-base.ts'
import { formatSignatures } from './signature-writer.ts'
import type { HttpsigWire } from './wire.ts'

export interface EncodeHttpsigOptions {
  /** Sends nested messages inline instead of their ids. Links must have been loaded. Default: false. */
  readonly bundle?: boolean
}

/**
 * The headers, sorted by name, and the body of a message, its commitments as signatures.
 * @throws AoError `unencodable` when something in the message cannot travel over HTTP.
 */
export function encodeHttpsig(message: Message, options: EncodeHttpsigOptions = {}): HttpsigWire {
  return toWire(fitForHttp(signedForm(message, options)))
}

/**
 * The form as HyperBEAM writes it, whether or not HTTP can carry it: values with line breaks are
 * headers, too.
 */
export function signedForm(message: Message, options: EncodeHttpsigOptions = {}): HeaderForm {
  const tabms = createTabms(message)
  const form = headerForm(tabms(options.bundle ?? false))
  const signatures = formatSignatures(message.commitments.values(), (commitment: Commitment) =>
    tabms(isBundle(commitment)),
  )
  if (signatures !== undefined) {
    form.headers.set('signature', signatures.signature)
    form.headers.set('signature-input', signatures.signatureInput)
  }
  return form
}

/** Both modes are often needed: that of the wire, and those of the commitments. */
function createTabms(message: Message): (bundle: boolean) => Tabm {
  let linked: Tabm | undefined
  let bundled: Tabm | undefined
  return (bundle) => {
    if (bundle) {
      bundled ??= bundledTabm(message)
      return bundled
    }
    linked ??= linkedTabm(message)
    return linked
  }
}

/** Sets the digest and gives headers and body their final shape. */
export function toWire(form: HeaderForm): HttpsigWire {
  const isEmpty = form.body === undefined || form.body.length === 0
  const headers = isEmpty ? form.headers : digestedHeaders(form)
  const sorted: [string, Binary][] = [...headers]
  sorted.sort((left, right) => compareText(left[0], right[0]))
  return { headers: sorted, ...(form.body === undefined ? {} : { body: toBytes(form.body) }) }
}
