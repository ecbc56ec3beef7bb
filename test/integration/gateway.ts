import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Kafka } from 'kafkajs'

/** Another receiver of LINE's webhooks, as dull as can be: what comes by HTTP goes into a topic, body and signature, and is answered with 200
 *  once it is there. It knows no secret. */
export const openGateway = async (kafka: Kafka, topic: string) => {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const signature = request.headers['x-line-signature']
      const headers = typeof signature === 'string' ? { 'x-line-signature': signature } : {}
      producer.send({ topic, messages: [{ value: Buffer.concat(chunks), headers }] }).then(
        () => response.end(),
        () => response.writeHead(503).end(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await producer.disconnect()
    },
  }
}
