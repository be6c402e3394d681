/**
 * The public interface of ao-scheduler: start a node inside a program, build, sign, encode and
 * check messages, read schedules. Everything else is internal and may change.
 */
export type { Binary } from './base/bytes.ts'
export { AoError, type ErrorCode, type ErrorContext, isAoError } from './base/errors.ts'
export type { Logger } from './base/log.ts'
export {
  decodeAns104,
  encodeAns104,
} from './codec/ans104/ans104.ts'
export { commitMessage } from './codec/commit.ts'
export { decodeFlat, encodeFlat, formatFlat, parseFlat } from './codec/flat.ts'
export {
  commitUnsigned,
  decodeHttpsig,
  encodeHttpsig,
  type HttpsigWire,
} from './codec/httpsig/httpsig.ts'
export { decodeJson, encodeJson } from './codec/json.ts'
export { type VerifyResult, verifyMessage } from './codec/verify.ts'
export { loadConfig, resolveConfig } from './config/load-config.ts'
export type { NodeConfig } from './config/options.ts'
export { generateWallet, walletFromJwk, walletToJwk } from './crypto/local-wallet.ts'
export { testWallet } from './crypto/test-wallet.ts'
export type { SignatureScheme, Wallet, WalletType } from './crypto/wallet.ts'
export { createWalletFile, loadWalletFile } from './crypto/wallet-file.ts'
export { createDevice, type DeviceOptions } from './device/create-device.ts'
export {
  type Device,
  type DeviceContext,
  type DeviceHandler,
  failed,
  type Outcome,
  ok,
  pass,
  skip,
} from './device/device.ts'
export { numberAt, textAt } from './device/read-key.ts'
export {
  createResults,
  inputOf,
  isScheduled,
  type OutboxMessage,
  type ResultsInput,
} from './device/results.ts'
export type { Commitment, Commitments } from './message/commitment.ts'
export { signersOf } from './message/commitment.ts'
export { committedKeys, withOnlyCommitted } from './message/committed.ts'
export { createMessage, type MessageInput } from './message/create-message.ts'
export { chainHashpath, hashpath } from './message/hashpath.ts'
export { messageId, unsignedId } from './message/id.ts'
export { matchMessage } from './message/match.ts'
export { Message } from './message/message.ts'
export { fromTabm, type LinkMode, toTabm } from './message/structured.ts'
export type { Tabm } from './message/tabm.ts'
export { formatTyped, parseTyped } from './message/typed-notation.ts'
export { Atom, Float, type Integer, Link, type List, type Value } from './message/value.ts'
export { type NodeDeps, type RunningNode, startNode } from './node/node.ts'
export { nextBaseHashpath, nextHashChain } from './scheduler/chain.ts'
export type {
  ListOptions,
  Store,
  StoreEntryKind,
  StorePath,
  StoreReader,
  StoreWrite,
} from './store/store.ts'
