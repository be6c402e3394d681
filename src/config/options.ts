/**
 * The one table of options: name, kind, default, meaning. The type `NodeConfig`, the checks, the
 * flags, the environment variables, `ao-scheduler config print` and docs/configuration.md all come
 * from here. An option is added here and nowhere else; units are part of its name. This folder is
 * the only reader of `process.env` and imports only `base/`.
 */
import { computing } from './compute-options.ts'
import { cron } from './cron-options.ts'
import { limits } from './limit-options.ts'
import {
  choice,
  type Option,
  onOff,
  onOffOr,
  optionalText,
  optionalUrl,
  text,
  urlList,
  wholeNumber,
} from './option-kinds.ts'

const SECOND_MS = 1_000

const server = {
  host: text('0.0.0.0', 'Address to listen on. `127.0.0.1` admits this machine only.'),
  port: wholeNumber(8734, 'TCP port to listen on; 0 takes any free one.', { max: 65_535 }),
  publicUrl: optionalUrl(
    'URL under which others reach this node; part of its scheduler location. Without it: the host and port it listens on.',
  ),
  defaultRequest: text('/~meta@1.0/info', 'Where a request for `/` is redirected to.'),
  signReplies: onOff(true, 'Whether replies are signed with the wallet of the node.'),
  replySignatureCacheSize: wholeNumber(
    1_000,
    'How many signed replies are kept, so that an equal reply need not be signed again; 0 keeps none.',
  ),
}

const storage = {
  storeEngine: choice(
    ['lmdb', 'fs', 'memory'],
    'lmdb',
    '`lmdb`: one embedded database. `fs`: a file for each value. `memory`: lost when the node stops.',
  ),
  storePath: text('data/store', 'Folder of the store, relative to the working directory.'),
  schedulerStorePath: optionalText(
    'Folder of a store of its own for schedules. Without it: they are in the store of the node.',
    'the path of a folder',
  ),
}

const identity = {
  walletFile: optionalText(
    'File with the wallet of the node as a JWK. Without it: `wallet.json` beside the store, made at the first start; with the memory store a wallet for this run only.',
    'the path of a JWK file',
  ),
  operator: optionalText(
    'Address that may change the node through `~meta@1.0`. Without it: the address of the node.',
    'an address',
  ),
}

const scheduling = {
  mode: choice(
    ['aggressive', 'local_confirmation', 'remote_confirmation', 'disabled'],
    'local_confirmation',
    'When a client hears of its slot. `aggressive`: before the write. `local_confirmation`: when it is durable here. `remote_confirmation`: when it is uploaded (needs `bundlerUrl`). `disabled`: no scheduling.',
  ),
  assignmentChain: choice(
    ['base-hashpath', 'hash-chain'],
    'base-hashpath',
    'What chains the assignments of a process. `base-hashpath`: the present form. `hash-chain`: the form up to November 2025. A restart continues either.',
  ),
  assignmentCommitment: choice(
    ['ans104@1.0', 'httpsig@1.0'],
    'ans104@1.0',
    'Codec in which assignments are signed, unless the process names one in `scheduler-commitment-spec`.',
  ),
  verifyAssignments: onOffOr(
    'accept-unsigned',
    true,
    'Which messages get a slot. `true`: with a signer, all signatures valid. `accept-unsigned`: also without a signer. `false`: all.',
  ),
  returnExistingAssignment: onOff(
    false,
    'Whether a message that was scheduled before gets its first assignment again. Off: it gets a new slot each time, as in HyperBEAM.',
  ),
  serverIdleMs: wholeNumber(
    300 * SECOND_MS,
    'A process without a message for so long is closed; it opens again by itself.',
    { min: 1 },
  ),
}

const network = {
  gatewayUrl: optionalUrl(
    'Arweave gateway for the newest block and for scheduler locations. Without it: height, hash and time of blocks are zero.',
  ),
  bundlerUrl: optionalUrl(
    'Bundler that messages and assignments are uploaded to. Without it: nothing is uploaded.',
  ),
  blockPollMs: wholeNumber(15 * SECOND_MS, 'How often the newest block is asked for.', {
    min: SECOND_MS,
  }),
  schedulerLocationTtlMs: wholeNumber(
    604_800 * SECOND_MS,
    'How long a scheduler location of this node is valid.',
    { min: SECOND_MS },
  ),
  followRedirects: onOff(
    true,
    'Whether the node itself asks the scheduler of a foreign process. Off: the client gets a redirect (307).',
  ),
  followHints: onOff(true, 'Whether `PID?hint=URL` in a process id may name its scheduler.'),
  localPeers: choice(
    ['auto', 'allow', 'refuse'],
    'auto',
    'Whether hints and scheduler locations, which strangers write, may lead to this machine or into private networks; hosts of `notifyPeers` always may. `auto`: only where the node itself listens on this machine alone.',
  ),
  notifyPeers: urlList('Nodes that are told of a new scheduler location of this node.'),
  peerTimeoutMs: wholeNumber(
    30 * SECOND_MS,
    'How long another scheduler may take to answer before the client gets 502.',
    { min: 1 },
  ),
  bundlerTimeoutMs: wholeNumber(
    30 * SECOND_MS,
    'How long the bundler may take to answer an upload before it is tried again.',
    { min: 1 },
  ),
}

const observation = {
  logLevel: choice(
    ['debug', 'info', 'warn', 'error', 'silent'],
    'info',
    'Least level that is logged. Each scheduled message is logged at `debug`.',
  ),
  logFormat: choice(
    ['auto', 'pretty', 'json'],
    'auto',
    '`auto`: `pretty` on a terminal, else `json`, one object a line.',
  ),
  testDevices: onOff(
    false,
    'Whether the device `test-device@1.0` answers. Never on in production.',
  ),
}

/** All options in groups, in the order in which they are documented. */
export const OPTION_GROUPS = {
  Server: server,
  Storage: storage,
  Identity: identity,
  Scheduling: scheduling,
  Limits: limits,
  Cron: cron,
  Computing: computing,
  Network: network,
  Observation: observation,
} as const

export const OPTIONS = {
  ...server,
  ...storage,
  ...identity,
  ...scheduling,
  ...limits,
  ...cron,
  ...computing,
  ...network,
  ...observation,
} as const

type Options = typeof OPTIONS

export type OptionName = keyof Options

/** The configuration of a node, checked and complete. What each option means: `OPTIONS`. */
export type NodeConfig = {
  readonly [Name in OptionName]: Options[Name] extends Option<infer T> ? T : never
}

/** The names of all options. */
export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[]

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

/** An option without its type: for code that treats all alike. */
export function optionOf(name: OptionName): Option<unknown> {
  return OPTIONS[name] as Option<unknown>
}
