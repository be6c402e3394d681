/** What this Node signs by itself: the limits that schedule rates are held against. */
import { constants, generateKeyPairSync, sign } from 'node:crypto'

const DIGEST = Buffer.alloc(48, 7)
const RUN_MS = 1_500

export interface SigningRate {
  /** Many at once, on all cores. */
  readonly parallel: number
  /** One after the other. */
  readonly serial: number
  /** Processor time of one signature. */
  readonly cpuMs: number
}

/** RSA-4096 PSS signatures a second by the asynchronous call. */
export async function measureSigningRate(): Promise<SigningRate> {
  const signOnce = createSigner()
  const perSecond = async (callers: number): Promise<number> => {
    const startMs = performance.now()
    let count = 0
    const call = async (): Promise<void> => {
      for (; performance.now() - startMs < RUN_MS; count++) await signOnce()
    }
    await Promise.all(Array.from({ length: callers }, call))
    return (count * 1_000) / (performance.now() - startMs)
  }
  await signOnce()
  const cpu = process.cpuUsage()
  const parallel = await perSecond(8)
  const { user, system } = process.cpuUsage(cpu)
  return {
    parallel,
    serial: await perSecond(1),
    cpuMs: (user + system) / 1_000 / (parallel * (RUN_MS / 1_000)),
  }
}

/** Milliseconds that signatures take when they are asked for at a given rate, sorted. */
export async function pacedSigning(ratePerSecond: number, count: number): Promise<number[]> {
  const signOnce = createSigner()
  const tookMs: number[] = []
  const running: Promise<void>[] = []
  const startMs = performance.now()
  while (running.length < count) {
    const begunMs = performance.now()
    const due = startMs + (running.length * 1_000) / ratePerSecond
    if (begunMs < due) await new Promise((resolve) => setTimeout(resolve, 1))
    else running.push(signOnce().then(() => void tookMs.push(performance.now() - begunMs)))
  }
  await Promise.all(running)
  return tookMs.sort((left, right) => left - right)
}

function createSigner(): () => Promise<Buffer> {
  const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 4096 })
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return () =>
    new Promise((resolve, reject) => {
      sign('sha256', DIGEST, options, (error, made) => (error ? reject(error) : resolve(made)))
    })
}
