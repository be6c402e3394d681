/** What the tests use of packages that come without types. */
declare module 'wao' {
  import type { ClientJwk } from './client-node.ts'

  export interface HBReply {
    readonly out: Readonly<Record<string, unknown>>
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly status: number
  }

  export interface Scheduled {
    readonly slot: number
    readonly pid: string
    readonly res: HBReply
  }

  export interface MessagePage {
    readonly edges: readonly {
      readonly cursor: number
      readonly node: {
        readonly message: Readonly<Record<'Id' | 'Owner' | 'Data', string | null>>
      }
    }[]
    readonly page_info: { readonly has_next_page: boolean }
    readonly next?: () => Promise<MessagePage>
  }

  interface Posted {
    readonly pid: string
    readonly tags?: object
    readonly data?: string | Uint8Array
  }

  export class HB {
    constructor(options: { readonly url: string })
    readonly operator: string | null
    readonly addr: string
    init(jwk: ClientJwk): Promise<this>
    spawn(tags?: object): Promise<{ readonly pid: string; readonly res: HBReply }>
    spawnLegacy(): Promise<{ readonly pid: string }>
    schedule(message: Posted): Promise<Scheduled>
    scheduleFlat(message: Posted): Promise<Scheduled>
    cacheScript(data: string): Promise<string>
    slot(query: { readonly pid: string; readonly path?: string }): Promise<Record<string, unknown>>
    messages(query: {
      readonly pid: string
      readonly from?: number
      readonly to?: number
    }): Promise<MessagePage>
    post(fields: { readonly path: string } & Readonly<Record<string, unknown>>): Promise<HBReply>
    p(path: string, fields: object, options?: object): Promise<Record<string, unknown>>
    g(path: string, query?: object): Promise<unknown>
    get(query: { readonly path: string }): Promise<HBReply>
    getJSON(query: { readonly path: string }): Promise<Record<string, unknown>>
    compute(query: {
      readonly pid: string
      readonly slot: number
      readonly path?: string
    }): Promise<unknown>
    computeAOS(query: { readonly pid: string; readonly slot: number }): Promise<unknown>
    computeLegacy(query: { readonly pid: string; readonly slot: number }): Promise<unknown>
    now(query: { readonly pid: string; readonly path?: string }): Promise<unknown>
  }
}

declare module 'hbsig' {
  import type { ClientJwk } from './client-node.ts'

  export interface SignedRequest {
    readonly url: string
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string | Uint8Array
  }

  export type Sign = (fields: object, options?: object) => Promise<SignedRequest>

  export interface Verdict {
    readonly verified: boolean
    readonly algorithm: string
    readonly error?: string
  }

  export function createSigner(jwk: ClientJwk, url: string): Sign
  export function commit(fields: object, options: object): Promise<object>
  export function send(request: SignedRequest): Promise<import('wao').HBReply>
  export function verify(message: SignedRequest, publicKey?: Uint8Array): Promise<Verdict>
}
