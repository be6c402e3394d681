/**
 * Runs requests: the path becomes steps, each step is a base and a request, the base's device
 * answers, and its answer is the next base. The first answer that is not ok is the reply. What a
 * path means is read in `path.ts`; what a key does is decided by the devices.
 */
import type { Outcome } from '../device/device.ts'
import type { DeviceRegistry } from '../device/registry.ts'
import type { Message } from '../message/message.ts'
import type { Link, Value } from '../message/value.ts'
import { Calls } from './calls.ts'
import { parsePath } from './path.ts'
import type { ParsedPath } from './path-step.ts'
import { Run } from './run.ts'

export interface ResolverDeps {
  readonly devices: DeviceRegistry
  /** The message of an id; `undefined` when the node does not know it. */
  readonly readMessage: (id: string) => Promise<Message | undefined>
  /** What a link stands for. Throws AoError `link-not-found` when the node does not know it. */
  readonly loadLink: (link: Link) => Promise<Value>
  /** Whether a request carries a signature of the operator that verifies. */
  readonly isOperator: (request: Message) => Promise<boolean>
}

export interface ResolverOptions {
  /** How deep devices may call the resolver from within a call. Default 128. */
  readonly maxDepth?: number
}

export interface ResolveOptions {
  /** For logs. Default `internal`. */
  readonly requestId?: string
}

export interface Resolver {
  /**
   * Answers a request by its `path`.
   * @throws AoError `invalid-path`, `unsupported-device`, and what devices throw.
   */
  resolveRequest(request: Message, options?: ResolveOptions): Promise<Outcome>
  /** Answers a path that was parsed before. */
  resolveSteps(path: ParsedPath, options?: ResolveOptions): Promise<Outcome>
  /**
   * Calls the keys in the request's `path`, separated by slashes, on a base and then on each answer.
   * @throws AoError `invalid-request` for a request without a `path`.
   */
  resolve(base: Message, request: Message, options?: ResolveOptions): Promise<Outcome>
}

const MAX_DEPTH = 128

export function createResolver(deps: ResolverDeps, options: ResolverOptions = {}): Resolver {
  const { maxDepth = MAX_DEPTH } = options
  const callsFor = (origin: Message, { requestId = 'internal' }: ResolveOptions = {}) =>
    new Calls(deps, { origin, requestId, maxDepth })
  return {
    resolveRequest: async (request, options) =>
      await new Run(callsFor(request, options)).path(parsePath(request)),
    resolveSteps: async (path, options) => new Run(callsFor(path.request, options)).path(path),
    resolve: async (base, request, options) =>
      callsFor(request.priv.request ?? request, options).keys(base, request, 0),
  }
}
