/** The thread that `ed25519-signer.ts` starts: makes the signatures of one batch after the other. */
import type { KeyObject } from 'node:crypto'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { SCHEMES } from './algorithms.ts'
import { signHere } from './native-jobs.ts'

/** Texts to sign: in one piece, since each array that goes to another thread has its price. */
export interface Ed25519Batch {
  /** One for each text; the same object is sent once. */
  readonly keys: readonly KeyObject[]
  /** The texts, one behind the other. */
  readonly data: Uint8Array
  /** Where each text ends. */
  readonly ends: readonly number[]
}

/** The signatures, one behind the other; `undefined` when one of them could not be made. */
export type Ed25519Signatures = Uint8Array | undefined

const SIGNATURE_BYTES = SCHEMES.ed25519.signatureBytes

if (parentPort !== null) serve(parentPort)

function serve(port: MessagePort): void {
  port.on('message', (batch: Ed25519Batch) => port.postMessage(signAll(batch)))
}

function signAll({ keys, data, ends }: Ed25519Batch): Ed25519Signatures {
  const signatures = new Uint8Array(keys.length * SIGNATURE_BYTES)
  try {
    let start = 0
    keys.forEach((key, i) => {
      const end = ends[i] ?? start
      const signature = signHere({ key, digest: null }, data.subarray(start, end))
      signatures.set(signature, i * SIGNATURE_BYTES)
      start = end
    })
    return signatures
  } catch {
    return undefined
  }
}
