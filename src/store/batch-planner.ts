/**
 * Plans batches for a journal. Most are a few values and links in groups that have no groups below
 * them: such a batch stands as it is, whatever is at its paths, and no path is looked up for it.
 */
import { KnownGroups } from './known-groups.ts'
import { OverlayView } from './overlay-view.ts'
import type { PendingView } from './pending-view.ts'
import { type BatchPlan, isPlainBatch, planBatch } from './plan-batch.ts'
import type { StorePath } from './store.ts'
import type { Batch } from './store-engine.ts'
import { parentPath } from './store-path.ts'

/** Paths of some hundred bytes each. */
const MAX_FLAT = 10_000

export class BatchPlanner {
  readonly #view: PendingView
  readonly #groups: KnownGroups
  readonly #flat = new Set<StorePath>()
  readonly #isFlat = (path: StorePath): boolean => this.#flat.has(path)

  constructor(view: PendingView) {
    this.#view = view
    this.#groups = new KnownGroups(view)
  }

  /** Plans of batches that are written one after the other. */
  plan(batches: readonly Batch[]): readonly BatchPlan[] {
    let view: OverlayView | undefined
    const plans: BatchPlan[] = []
    for (const batch of batches) {
      if (isPlainBatch(batch, this.#isFlat)) plans.push({ writes: batch, refusal: undefined })
      else {
        view ??= this.#viewAfter(plans)
        const plan = planBatch(view, batch)
        plans.push(plan)
        // The batches behind this one see the groups that it makes.
        this.#noteGroups(plan)
      }
      if (view !== undefined) for (const write of plans.at(-1)?.writes ?? []) view.apply(write)
    }
    if (view !== undefined) this.#learn(batches, plans)
    return plans
  }

  /** Whether one of the writes removes more than its own path. */
  deletesGroup(writes: Batch): boolean {
    if (!writes.some(({ kind }) => kind === 'delete')) return false
    const made = new Set(writes.filter(({ kind }) => kind === 'group').map(({ path }) => path))
    return writes.some(
      ({ kind, path }) =>
        kind === 'delete' && (made.has(path) || this.#groups.entryAt(path)?.kind === 'group'),
    )
  }

  /** To be called when groups may have gone, or come, without a plan. */
  forget(): void {
    this.#groups.forget()
    this.#flat.clear()
  }

  #viewAfter(plans: readonly BatchPlan[]): OverlayView {
    const view = new OverlayView(this.#groups)
    for (const { writes } of plans) for (const write of writes) view.apply(write)
    return view
  }

  /** Which groups are flat, and still are when the plans are carried out. */
  #learn(batches: readonly Batch[], plans: readonly BatchPlan[]): void {
    for (const batch of batches) {
      for (const { path } of batch) this.#learnGroup(parentPath(path))
    }
    for (const plan of plans) this.#noteGroups(plan)
  }

  #noteGroups({ writes }: BatchPlan): void {
    for (const { kind, path } of writes) {
      if (kind === 'group') this.#flat.delete(parentPath(path))
    }
  }

  #learnGroup(path: StorePath): void {
    if (this.#flat.has(path) || !this.#view.isFlatGroup(path)) return
    if (this.#flat.size >= MAX_FLAT) this.#flat.clear()
    this.#flat.add(path)
  }
}
