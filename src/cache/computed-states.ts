/**
 * What a node computed of its processes. Under `computed/<pid>/`: `slot/<n>` the state after slot n,
 * whole at a snapshot, else what changed since the slot before; `snapshot/<n>` what the execution
 * device needs beside that state to go on from it. All of it can be computed again.
 */
import { AoError } from '../base/errors.ts'
import type { Message } from '../message/message.ts'
import type { Store, StoreReader, StoreWrite } from '../store/store.ts'
import { packMessage, unpackMessage } from './packed-message.ts'
import { isWholeState, packState, unpackState } from './state-pack.ts'

const ROOT = 'computed'
/** Names of slots have so many digits, so that their order as text is their order as numbers. */
const SLOT_DIGITS = 16
/** Changes that are read at once on the way back to a whole state. */
const PART = 64

export interface ComputedState {
  readonly slot: number
  readonly state: Message
}

/** A state after a slot, to be stored. */
export interface StateEntry extends ComputedState {
  /** The state after the slot before, if it is stored: only changes are written then. */
  readonly before?: Message
  /** What the execution device needs to go on from here; makes the slot one to restore from. */
  readonly snapshot?: Message
}

export interface RestorePoint extends ComputedState {
  /** Empty when the execution device needs nothing but the state. */
  readonly snapshot: Message
}

export interface ComputedStates {
  /** The newest slot with a state, up to a limit. */
  latest(processId: string, upTo?: number): Promise<number | undefined>
  /** The state after a slot. @throws AoError `store-failed` when its record is damaged. */
  read(processId: string, slot: number): Promise<Message | undefined>
  /** The newest snapshot, up to a limit, and its state. */
  restorePoint(processId: string, upTo?: number): Promise<RestorePoint | undefined>
  /** Writes states in one transaction; resolves when they are durable. */
  write(processId: string, entries: readonly StateEntry[]): Promise<void>
}

export function createComputedStates(store: Store): ComputedStates {
  const newest = async (path: string, upTo?: number): Promise<number | undefined> => {
    const from = upTo === undefined ? {} : { from: slotName(upTo) }
    const [name] = await store.list(path, { ...from, reverse: true, limit: 1 })
    return name === undefined ? undefined : Number(name)
  }
  const states: ComputedStates = {
    latest: async (processId, upTo) =>
      upTo !== undefined && upTo < 0 ? undefined : newest(slots(processId), upTo),
    read: (processId, slot) => readState(store, slots(processId), slot),
    restorePoint: async (processId, upTo) => {
      if (upTo !== undefined && upTo < 0) return undefined
      const slot = await newest(snapshots(processId), upTo)
      if (slot === undefined) return undefined
      const bytes = await store.get(`${snapshots(processId)}/${slotName(slot)}`)
      const state = await states.read(processId, slot)
      if (bytes === undefined || state === undefined) return undefined
      return { slot, state, snapshot: await unpackMessage(bytes) }
    },
    write: (processId, entries) =>
      store.commit(entries.flatMap((entry) => writesOf(processId, entry))),
  }
  return states
}

function writesOf(processId: string, { slot, state, before, snapshot }: StateEntry): StoreWrite[] {
  const path = `${slots(processId)}/${slotName(slot)}`
  if (snapshot === undefined) return [{ kind: 'value', path, value: packState(state, before) }]
  return [
    { kind: 'value', path, value: packState(state) },
    {
      kind: 'value',
      path: `${snapshots(processId)}/${slotName(slot)}`,
      value: packMessage(snapshot),
    },
  ]
}

/** Reads back to a whole state, then forward again. */
async function readState(
  store: StoreReader,
  path: string,
  slot: number,
): Promise<Message | undefined> {
  const newest = await store.get(`${path}/${slotName(slot)}`)
  if (newest === undefined) return undefined
  const changes: Uint8Array[] = [newest]
  if (isWholeState(newest)) return applyAll(changes)
  for (let next = slot - 1; next >= 0; ) {
    const options = { from: slotName(next), reverse: true, limit: PART }
    const entries = await store.scan(path, options)
    for (const { name, value } of entries) {
      if (Number(name) !== next || value === undefined) throw gap(slot, next)
      changes.push(value)
      if (isWholeState(value)) return applyAll(changes)
      next--
    }
    if (entries.length < PART) throw gap(slot, next)
  }
  throw gap(slot, -1)
}

async function applyAll(changes: Uint8Array[]): Promise<Message | undefined> {
  let state: Message | undefined
  for (const change of changes.toReversed()) state = await unpackState(change, state)
  return state
}

function gap(slot: number, missing: number): AoError {
  return new AoError('store-failed', 'A state in the store lacks those that it was made from', {
    slot,
    missing,
  })
}

function slots(processId: string): string {
  return `${ROOT}/${processId}/slot`
}

function snapshots(processId: string): string {
  return `${ROOT}/${processId}/snapshot`
}

function slotName(slot: number): string {
  return String(slot).padStart(SLOT_DIGITS, '0')
}
