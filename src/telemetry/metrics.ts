/** The metrics of a node, kept by prom-client in a registry of their own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricOptions, Metrics } from '../base/metrics.ts'

export interface MetricsText {
  readonly contentType: string
  readonly text: string
}

export interface RenderableMetrics extends Metrics {
  /** All metrics in the text format of Prometheus. */
  render(): Promise<MetricsText>
}

export interface MetricsOptions {
  /** Whether memory, CPU and event loop of the process are measured too. Default true. */
  readonly ofProcess?: boolean
}

export function createMetrics(options: MetricsOptions = {}): RenderableMetrics {
  const register = new Registry()
  if (options.ofProcess ?? true) collectDefaultMetrics({ register })
  return {
    counter: (metric) => {
      const counter = new Counter({ ...described(metric), registers: [register] })
      return { inc: (labels = {}, by = 1) => counter.inc(labels, by) }
    },
    histogram: ({ buckets, ...metric }) => {
      const histogram = new Histogram({
        ...described(metric),
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
        registers: [register],
      })
      return { observe: (value, labels = {}) => histogram.observe(labels, value) }
    },
    gauge: (metric, read) => {
      const collect = async function (this: Gauge): Promise<void> {
        this.set(await read())
      }
      new Gauge({ ...described(metric), collect, registers: [register] })
    },
    render: async () => ({ contentType: register.contentType, text: await register.metrics() }),
  }
}

function described({ name, help, labels = [] }: MetricOptions) {
  return { name, help, labelNames: [...labels] }
}
