/** Ids of requests: what ties a reply, the log and the caller's own log together. */
import { randomBytes } from 'node:crypto'
import { headerText, type RequestHead } from './request-head.ts'

const SANE = /^[A-Za-z0-9._:/+=-]{1,64}$/

/** A source of request ids: the caller's `x-request-id` if it is short and plain, else a new one. */
export function createRequestIds(): (head: RequestHead) => string {
  const prefix = randomBytes(6).toString('base64url')
  let count = 0
  return (head) => {
    const given = headerText(head, 'x-request-id')
    if (given !== undefined && SANE.test(given)) return given
    count += 1
    return `${prefix}-${count.toString(36)}`
  }
}
