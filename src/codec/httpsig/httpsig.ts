/**
 * httpsig@1.0: a message as HTTP headers and body, and commitments as HTTP message signatures
 * (RFC 9421) and hmacs. What HTTP itself needs (routes, status, negotiation) is in `http/`; header
 * form, signature base and ids are in `message/`, because every id is made of them. Other signers
 * than HyperBEAM are understood as far as their signatures can be checked; `received.ts` has their
 * rule, `tolerant-lists.ts` and `nested-signature.ts` their habits.
 */
export { commitHttpsig, commitUnsigned } from './commit.ts'
export { decodeHttpsig } from './decode.ts'
export { encodeHttpsig } from './encode.ts'
export { encodePlain, type PlainWire } from './encode-plain.ts'
export { REQUEST_LIMITS } from './multipart-reader.ts'
export { verifyHttpsig } from './verify.ts'
export type { HttpsigWire } from './wire.ts'
