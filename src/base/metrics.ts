/** What every part needs of a metrics registry; `telemetry/` gives one made of prom-client. */

/** Label values must come from a small fixed set: never an id, an address or a path. */
export type Labels = Readonly<Record<string, string>>

export interface Counter {
  inc(labels?: Labels, by?: number): void
}

export interface Histogram {
  /** Seconds for a time, bytes for a size: the name says which. */
  observe(value: number, labels?: Labels): void
}

export interface MetricOptions {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

export interface Metrics {
  counter(options: MetricOptions): Counter
  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram
  /** A value that is read when somebody scrapes. */
  gauge(options: MetricOptions, read: () => number | Promise<number>): void
}

/** Metrics that count nothing: the default inside somebody else's test. */
export const silentMetrics: Metrics = {
  counter: () => ({ inc: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
  gauge: () => undefined,
}
