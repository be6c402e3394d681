import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditLink, type ChainLink, startAudit } from './audit-chain.ts'

const processId = '0p5fxGhFqeTYRe56DV_-NPa1XDDUFNe_hZb_W-YjVGU'
/** The message of slot 1 of a recorded process, posted again after a restart of the node. */
const messageId = 'B6mU5-bT4Tj_nRI430kmpJeWZE6F6TFnRZaOAFhn_MA'
const link: ChainLink = {
  ...{ slot: 6, timestamp: 1, messageId, assignmentId: 'A'.repeat(43) },
  ...{ hashChain: undefined, baseHashpath: undefined },
}

test('auditLink() knows the chain that HyperBEAM was recorded to go on with after a restart', () => {
  const hashChain = 'P8rOypnnhAwVrpfgnq6XxHxhTsGYki1xwASKGjdHWmk'
  const before = { ...startAudit(processId), slot: 5, hashChain }
  const restarted = { ...link, hashChain: 'WRZhx9Rs2Z4FjpWoAR7KYbwLizx9GzKGITRs4YqrZjk' }
  const { findings, state } = auditLink(before, restarted, undefined)
  assert.deepEqual(
    findings.map(({ code, severity }) => [code, severity]),
    [['chain-restarted', 'warning']],
  )
  assert.equal(state.hashChain, restarted.hashChain)
})

test('auditLink() goes on from what an assignment shows, so that one fault is found once', () => {
  const shown = { ...link, baseHashpath: `${processId}/${'B'.repeat(43)}` }
  const broken = auditLink(startAudit(processId), shown, undefined)
  assert.deepEqual(
    broken.findings.map(({ code }) => code),
    ['chain-broken'],
  )
  const { baseHashpath } = broken.state
  assert.match(baseHashpath, /\/A{43}$/)
  assert.deepEqual(auditLink(broken.state, { ...link, baseHashpath }, undefined).findings, [])
})

test('auditLink() takes no path from what is none', () => {
  const { state } = auditLink(startAudit(processId), { ...link, baseHashpath: 'a/b/c' }, undefined)
  assert.equal(state.baseHashpath, processId)
})
