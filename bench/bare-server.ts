/** A Fastify server that does nothing but answer: what a request costs at best. */
import { fastify } from 'fastify'

const app = fastify()
app.get('/*', async () => '42')
await app.listen({ port: 0, host: '127.0.0.1' })
process.on('disconnect', () => process.exit())
const address = app.server.address()
process.send?.(typeof address === 'object' ? address?.port : undefined)
