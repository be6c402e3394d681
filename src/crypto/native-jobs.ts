/**
 * Signatures that OpenSSL makes and verifies: on threads of libuv's pool, or here and now. A job on
 * a thread costs 30 µs beside its own work, to wake the thread and to be woken by it. What takes as
 * little itself is done at once, or travels with others (`ed25519-signer.ts`). Verifying, too, is
 * done at once in a node whose signatures are made on threads: an RSA signature takes twenty times
 * as long, so that a verification either waits behind one, or is slower for the way to an idle
 * thread and back than it is itself.
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { AoError } from '../base/errors.ts'

export interface NativeKey {
  /** Says itself what it is for: no options are given beside it. */
  readonly key: KeyObject
  /** `null` for Ed25519. */
  readonly digest: string | null
}

/** When a thread was last given a signature to make. */
let signedOnThreadMs = Number.NEGATIVE_INFINITY
/** Threads that had none for so long are free for verifying. */
const SIGNING_MS = 1_000

/** A signature made on a thread. */
export function signOnThread({ key, digest }: NativeKey, data: Uint8Array): Promise<Uint8Array> {
  signedOnThreadMs = performance.now()
  return new Promise((resolve, reject) => {
    sign(
      digest,
      data,
      key,
      calledOnce((error, signature) => {
        if (error === null) resolve(signature)
        else reject(signingFailed(error))
      }),
    )
  })
}

/** A signature made by the thread that asks. */
export function signHere({ key, digest }: NativeKey, data: Uint8Array): Uint8Array {
  try {
    return sign(digest, data, key)
  } catch (error) {
    throw signingFailed(error)
  }
}

/** Whether a signature holds; `false` too for a key that turns out to be none. */
export async function verifyNative(
  { key, digest }: NativeKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (performance.now() - signedOnThreadMs > SIGNING_MS) {
    return new Promise((resolve) => {
      verify(
        digest,
        data,
        key,
        signature,
        calledOnce((error, holds) => resolve(error === null && holds)),
      )
    })
  }
  try {
    return verify(digest, data, key, signature)
  } catch {
    return false
  }
}

/**
 * A callback that lets go of what it calls. V8 takes the jobs of Node for alive until it next collects
 * the whole heap, and with them what their callbacks reach: bytes, promises, who waits for them.
 */
function calledOnce<T>(callback: (error: Error | null, result: T) => void) {
  let waiting: typeof callback | undefined = callback
  return (error: Error | null, result: T): void => {
    const call = waiting
    waiting = undefined
    call?.(error, result)
  }
}

function signingFailed(cause: unknown): AoError {
  return new AoError('internal', 'Signing failed in OpenSSL', {}, cause)
}
