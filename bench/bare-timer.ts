/**
 * A thread that does nothing but wake every ten milliseconds: how late it does is what the machine
 * costs at best, whatever the program. `start` begins, any other message asks for the result.
 */
import { parentPort } from 'node:worker_threads'

const INTERVAL_MS = 10
const late: number[] = []

function wait(): void {
  const dueMs = performance.now() + INTERVAL_MS
  setTimeout(() => {
    late.push(performance.now() - dueMs)
    wait()
  }, INTERVAL_MS)
}

parentPort?.on('message', (message) => {
  if (message === 'start') late.length = 0
  else parentPort?.postMessage(late.toSorted((left, right) => left - right))
})
wait()
