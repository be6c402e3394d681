import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'

test('createMetrics() renders counters, histograms and gauges', async () => {
  const metrics = createMetrics({ ofProcess: false })
  metrics.counter({ name: 'c_total', help: 'C', labels: ['mode'] }).inc({ mode: 'x' }, 2)
  metrics.histogram({ name: 'h_seconds', help: 'H', buckets: [1, 2] }).observe(1.5)
  let value = 3
  metrics.gauge({ name: 'g', help: 'G' }, async () => value++)
  const { text, contentType } = await metrics.render()
  assert.match(contentType, /^text\/plain/)
  assert.match(text, /^c_total{mode="x"} 2$/m)
  assert.match(text, /^h_seconds_bucket{le="2"} 1$/m)
  assert.match(text, /^g 3$/m)
  assert.match((await metrics.render()).text, /^g 4$/m)
})

test('two registries stand side by side, each with the numbers of the process', async () => {
  const [one, two] = [createMetrics(), createMetrics()]
  one.counter({ name: 'c_total', help: 'C' }).inc()
  two.counter({ name: 'c_total', help: 'C' })
  assert.match((await one.render()).text, /^c_total 1$/m)
  assert.match((await two.render()).text, /^c_total 0$/m)
  assert.match((await two.render()).text, /^process_cpu_seconds_total /m)
})
