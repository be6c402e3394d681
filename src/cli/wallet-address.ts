import { addressOfWallet } from '../node/wallet-tools.ts'
import { type Command, readArguments } from './command.ts'
import { walletFile } from './wallet-new.ts'

export const walletAddressCommand: Command = {
  name: 'wallet address',
  usage: '[FILE]',
  summary: 'Prints the address of a wallet file',
  details: () => 'FILE is the configured wallet file unless given.',
  async run(args, io) {
    const { words } = readArguments(args, { words: 1 })
    await io.write(`${await addressOfWallet(walletFile(words[0]))}\n`)
  },
}
