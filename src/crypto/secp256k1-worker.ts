/**
 * The thread that `secp256k1-pool.ts` starts: Ethereum signatures with libsecp256k1, compiled to
 * WebAssembly. Loaded nowhere else, so that a node without Ethereum signers never pays for it.
 */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { recover, signRecoverable } from 'tiny-secp256k1'
import { personalMessageHash } from './ethereum.ts'

export type Secp256k1Job =
  | { readonly kind: 'sign'; readonly privateKey: Uint8Array; readonly data: Uint8Array }
  | {
      readonly kind: 'verify'
      readonly publicKey: Uint8Array
      readonly signature: Uint8Array
      readonly data: Uint8Array
    }

/** Jobs that are answered together, in their order. */
export type Secp256k1Request = readonly Secp256k1Job[]

/** The signature, or whether it holds; `undefined` when the job failed. */
export type Secp256k1Result = Uint8Array | boolean | undefined

/** Half of the order of the curve: the largest `s` of a canonical signature (EIP-2). */
const HALF_ORDER = Buffer.from(
  '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0',
  'hex',
)

if (parentPort !== null) serve(parentPort)

function serve(port: MessagePort): void {
  port.on('message', (jobs: Secp256k1Request) => {
    port.postMessage(jobs.map(run))
  })
}

function run(job: Secp256k1Job): Secp256k1Result {
  try {
    return job.kind === 'sign' ? sign(job) : verify(job)
  } catch {
    return job.kind === 'verify' ? false : undefined
  }
}

function sign(job: Secp256k1Job & { kind: 'sign' }): Uint8Array {
  const { signature, recoveryId } = signRecoverable(personalMessageHash(job.data), job.privateKey)
  job.privateKey.fill(0)
  const bytes = new Uint8Array(65)
  bytes.set(signature)
  bytes[64] = 27 + recoveryId
  return bytes
}

/**
 * @NOTE Only the one form that Ethereum wallets emit is accepted: `v` 27 or 28 and a low `s`. The
 * id of a data item is the hash of its signature; were the other forms valid too, anyone could give
 * a signed item a second id without the key.
 */
function verify({ publicKey, signature, data }: Secp256k1Job & { kind: 'verify' }): boolean {
  const parity = (signature[64] ?? 0) - 27
  if (parity !== 0 && parity !== 1) return false
  if (Buffer.compare(signature.subarray(32, 64), HALF_ORDER) > 0) return false
  const signer = recover(personalMessageHash(data), signature.subarray(0, 64), parity, false)
  return signer !== null && Buffer.compare(signer, publicKey) === 0
}
