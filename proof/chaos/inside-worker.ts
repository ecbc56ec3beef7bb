/** Preloaded into every worker under chaos, which in all else is `tsuchi run` as it ships. It writes down each request that leaves for
 *  LINE at the moment of leaving, each status that comes back, and each transaction as Kafka answers that it is committed; and it plays what cannot be done to a process from outside: a clock that jumps, a machine that is paused,
 *  connections that come about slowly, one answer to Kafka's group that is late. It knows nothing of tsuchi. */
import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What it is told, one line of JSON each; each is answered with one that repeats its id. */
export type Order = { readonly id: number } & (
  | { readonly kind: 'clock'; readonly aheadMs: number }
  /** For so long, a stand-still of more than 2 s is a pause of the machine: the monotonic clock knows nothing of it. */
  | { readonly kind: 'machine-pauses'; readonly forMs: number }
  /** For so long, each new connection to this port comes about so much later, and none is used twice. */
  | { readonly kind: 'slow-connects'; readonly port: number; readonly ms: number; readonly forMs: number }
  /** The next SyncGroup is sent so much later. */
  | { readonly kind: 'slow-sync'; readonly ms: number }
)
/** `here` is said once, at first; `happened` when something that was ordered comes about. */
export type Said =
  | { readonly kind: 'here'; readonly worker: string; readonly pid: number }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'happened'; readonly what: 'slow-sync' | 'machine-pause' | 'slow-connect'; readonly ms: number }

const { CHAOS_WORKER: worker = '', CHAOS_DIRECTORY: directory = '', CHAOS_SOCKET: socketPath = '' } = process.env

const trueNow = Date.now.bind(Date)
const trueMonotonic = performance.now.bind(performance)

const STAND_STILL_MS = 2_000
const LOOK_EVERY_MS = 100

let aheadMs = 0
let behindMs = 0
let lastLook = trueMonotonic()
let pausesUntil = 0
Date.now = () => trueNow() + aheadMs
performance.now = () => {
  const now = trueMonotonic()
  if (now - lastLook > STAND_STILL_MS && lastLook < pausesUntil) {
    behindMs += now - lastLook
    say({ kind: 'happened', what: 'machine-pause', ms: Math.round(now - lastLook) })
  }
  lastLook = now
  return now - behindMs
}
setInterval(() => performance.now(), LOOK_EVERY_MS).unref()

const departures = openSync(join(directory, `${worker}.departures`), 'a')
subscribe('undici:client:sendHeaders', (message) => {
  // In the same turn in which undici writes them to the socket.
  const { request, headers, socket } = message as Sent
  const deliveryTag = headerOf(headers, 'x-line-delivery-tag')
  if (deliveryTag === undefined) return // a token, or a question
  const at = trueNow()
  const line = { at, wall: at + aheadMs, worker, deliveryTag, path: request.path, channel: headerOf(headers, 'x-channel') }
  writeSync(departures, `${JSON.stringify(line)}\n`)
  busy.set(request, { socket, deliveryTag })
  if (!known.has(socket)) socket.once('close', () => known.delete(socket))
  known.add(socket)
})
interface Sent {
  readonly request: { readonly path: string }
  readonly headers: string
  readonly socket: Socket
}

/** Connections to LINE, and those that are waited on. */
const known = new Set<Socket>()
const busy = new Map<object, { readonly socket: Socket; readonly deliveryTag: string }>()
const isOver = (message: unknown) => {
  const { request } = message as { readonly request: object }
  const sent = busy.get(request)
  busy.delete(request)
  if (sent && trueMonotonic() < slow.until) setImmediate(() => sent.socket.destroy())
}
const answers = openSync(join(directory, `${worker}.answers`), 'a')
subscribe('undici:request:headers', (message) => {
  const { request, response } = message as { readonly request: object; readonly response: { readonly statusCode: number } }
  const sent = busy.get(request)
  if (!sent || response.statusCode < 200) return
  writeSync(answers, `${JSON.stringify({ at: trueNow(), deliveryTag: sent.deliveryTag, status: response.statusCode })}\n`)
})
subscribe('undici:request:trailers', isOver)
subscribe('undici:request:error', isOver)

const headerOf = (headers: string, name: string): string | undefined =>
  new RegExp(`^${name}: ?([^\r\n]+)`, 'im').exec(headers)?.[1]

let slow = { port: 0, ms: 0, until: 0 }
const connectAtOnce = Socket.prototype.connect
Socket.prototype.connect = function (this: Socket, ...given: unknown[]) {
  const atOnce = () => Reflect.apply(connectAtOnce, this, given) as Socket
  if (trueMonotonic() > slow.until || portIn(given) !== slow.port) return atOnce()
  say({ kind: 'happened', what: 'slow-connect', ms: slow.ms })
  setTimeout(() => {
    if (!this.destroyed) atOnce()
  }, slow.ms)
  return this
} as typeof connectAtOnce

/** Node hands its own `connect` the arguments in a list. */
const portIn = (given: readonly unknown[]): number => {
  const [options] = given.flat()
  return typeof options === 'object' && options !== null && 'port' in options ? Number(options.port) : 0
}

const require = createRequire(import.meta.url)
const { prototype: broker } = require('kafkajs/src/broker') as { prototype: Broker }
interface Broker {
  syncGroup(...given: unknown[]): Promise<unknown>
  produce(request: ProduceRequest): Promise<{ readonly topics: readonly Written[] }>
  endTxn(request: { readonly transactionalId: string; readonly transactionResult: boolean }): Promise<unknown>
}
interface ProduceRequest {
  readonly transactionalId?: string
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly unknown[] }[]
  }[]
}
interface Written {
  readonly topicName: string
  readonly partitions: readonly { readonly partition: number; readonly baseOffset: string }[]
}

let syncDelayMs = 0
const syncAtOnce = broker.syncGroup
broker.syncGroup = async function (...given) {
  const ms = syncDelayMs
  syncDelayMs = 0
  if (ms > 0) {
    say({ kind: 'happened', what: 'slow-sync', ms })
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
  return Reflect.apply(syncAtOnce, this, given) as Promise<unknown>
}

/** What a transaction has written to the journal, until it is committed. */
const open = new Map<string, { readonly partition: number; readonly from: number; readonly to: number }>()
const commits = openSync(join(directory, `${worker}.commits`), 'a')
const produce = broker.produce
broker.produce = async function (request) {
  const answer = await Reflect.apply(produce, this, [request])
  const { transactionalId, topicData } = request
  if (transactionalId === undefined) return answer
  for (const { topic, partitions } of topicData.filter(({ topic }) => topic.endsWith('.journal')))
    for (const { partition, messages } of partitions) {
      const written = answer.topics.find(({ topicName }) => topicName === topic)?.partitions
      const base = Number(written?.find((each) => each.partition === partition)?.baseOffset)
      const before = open.get(transactionalId)
      open.set(transactionalId, { partition, from: before?.from ?? base, to: base + messages.length - 1 })
    }
  return answer
}
const endTxn = broker.endTxn
broker.endTxn = async function (request) {
  const written = open.get(request.transactionalId)
  open.delete(request.transactionalId)
  const answer = await Reflect.apply(endTxn, this, [request])
  if (written && request.transactionResult) writeSync(commits, `${JSON.stringify({ at: trueNow(), ...written })}\n`)
  return answer
}

const obey = (order: Order): void => {
  switch (order.kind) {
    case 'clock':
      aheadMs = order.aheadMs
      // Whoever reads the log can tell the true time of what follows.
      writeSync(1, `${JSON.stringify({ event: 'chaos-clock', aheadMs, at: trueNow() })}\n`)
      return
    case 'machine-pauses':
      pausesUntil = trueMonotonic() + order.forMs
      return
    case 'slow-connects':
      slow = { port: order.port, ms: order.ms, until: trueMonotonic() + order.forMs }
      for (const socket of known) if (![...busy.values()].some((sent) => sent.socket === socket)) socket.destroy()
      return
    case 'slow-sync':
      syncDelayMs = order.ms
      return
  }
}

const control = connect(socketPath)
control.on('error', () => {}) // the run has ended, and so shall we
control.unref()
const say = (said: Said): void => {
  control.write(`${JSON.stringify(said)}\n`)
}
say({ kind: 'here', worker, pid: process.pid })
createInterface(control).on('line', (line) => {
  const order = JSON.parse(line) as Order
  obey(order)
  say({ kind: 'done', id: order.id })
})
