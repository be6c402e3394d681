/**
 * What a signed reply that is on the disk costs at best: a server of Node that verifies a signature,
 * makes one, and appends the request and both to a file that is flushed at each write.
 */
import { constants as crypto, generateKeyPairSync, sign, verify } from 'node:crypto'
import { constants as fs } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

const FILE_BYTES = 3 * 2 ** 20
const DIGEST = Buffer.alloc(48, 7)
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
const PADDING = { padding: crypto.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const SIGNATURE = sign('sha256', DIGEST, { key: privateKey, ...PADDING })

const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bare-'))
const file = await open(join(folder, 'journal'), fs.O_RDWR | fs.O_CREAT | fs.O_DSYNC)
await file.write(Buffer.alloc(FILE_BYTES), 0, FILE_BYTES, 0)
let position = 0
let waiting: Buffer[] = []
let writing: Promise<unknown> = Promise.resolve()
let group: Promise<void> | undefined

const server = createServer(async (request, response) => {
  response.end(await schedule(request))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', async () => {
  await rm(folder, { recursive: true, force: true })
  process.exit()
})

async function schedule(request: IncomingMessage): Promise<Buffer> {
  const message = await buffer(request)
  verify('sha256', DIGEST, { key: publicKey, ...PADDING }, SIGNATURE)
  const assignment = Buffer.concat([await signature(), message])
  await append(assignment)
  return assignment
}

function signature(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', DIGEST, { key: privateKey, ...PADDING }, (error, made) => {
      if (error === null) resolve(made)
      else reject(error)
    })
  })
}

/** Those that come while others are being written share the next write. */
function append(assignment: Buffer): Promise<void> {
  waiting.push(assignment)
  group ??= writing.then(() => {
    const bytes = Buffer.concat(waiting)
    waiting = []
    group = undefined
    if (position + bytes.length > FILE_BYTES) position = 0
    const written = file.write(bytes, 0, bytes.length, position).then(() => undefined)
    position += bytes.length
    writing = written
    return written
  })
  return group
}
