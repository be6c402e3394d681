import { loadConfig, walletFileOf } from '../config/load-config.ts'
import { newWallet } from '../node/wallet-tools.ts'
import { type Command, readArguments, usageError } from './command.ts'

const TYPES = ['rsa-4096', 'secp256k1', 'ed25519'] as const

export const walletNewCommand: Command = {
  name: 'wallet new',
  usage: `[FILE] [--type ${TYPES.join('|')}]`,
  summary: 'Makes a wallet file, never over another one, and prints its address',
  details: () =>
    `FILE is the configured wallet file unless given. Nodes sign with rsa-4096 (default).`,
  async run(args, io) {
    const { values, words } = readArguments(args, { values: { type: TYPES }, words: 1 })
    const type = TYPES.find((known) => known === values.get('type')) ?? 'rsa-4096'
    await io.write(`${await newWallet(walletFile(words[0]), type)}\n`)
  },
}

/**
 * The file given, else the one that a node would use here.
 * @throws AoError `invalid-config` when it would use none.
 */
export function walletFile(given: string | undefined): string {
  const path = given ?? walletFileOf(loadConfig().config)
  if (path === undefined) throw usageError('Expected the name of a wallet file')
  return path
}
