import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Entry, laneOf } from '../src/domain/entry.ts'
import type { Store } from '../src/domain/state.ts'
import { decodeJournal, encodeJournal } from '../src/kafka/internal-codec.ts'
import { NEWEST_FORMAT } from '../src/kafka/internal-records.ts'
import { openSqliteStore } from '../src/store/sqlite-store.ts'
import type { FactCodec } from '../src/store/stored-fact.ts'
import type { Scenario } from './scenario.ts'

/** What the SQLite store of one partition does in a second: a restore from empty, opening it again, and then the loop of dispatch on top
 *  of what it holds. */
export const store: Scenario<'entries' | 'batch' | 'rounds'> = {
  summary: 'the SQLite store of one partition, alone: restored, opened again, and worked with',
  options: {
    entries: { default: 200_000, help: 'in the store before anything else happens' },
    batch: { default: 50, help: 'notifications in one step' },
    rounds: { default: 400, help: 'of steps' },
  },
  run: async ({ say, cleanUp }, size) => {
    const directory = mkdtempSync(join(tmpdir(), 'tsuchi-store-bench-'))
    cleanUp.defer(() => rmSync(directory, { recursive: true, force: true }))
    const rows = (['queued', 'done'] as const).map((state) => {
      say(`${size.entries} entries, ${state}`)
      return measure(join(directory, `${state}.sqlite`), state, size)
    })
    return {
      title: `A store of ${size.entries} entries, ${size.batch} notifications in a step`,
      tables: [
        {
          columns: ['entries', 'restored/s', 'RSS MB', 'file MB', 'opened again ms', 'received, sent, accepted/s'],
          rows: rows.map(({ state, ...row }) => [
            ...[state, row.restoredPerSecond, row.rssMb, row.fileMb, row.openedMs, row.perSecond],
          ]),
        },
      ],
      faults: [],
      figures: { stores: rows },
    }
  },
}

interface Size {
  readonly entries: number
  readonly batch: number
  readonly rounds: number
}

const NOW = Date.UTC(2026, 5, 1, 3)
const DAY = 86_400_000
const LANE = laneOf({ channel: 'main', endpoint: 'template' })

const codec: FactCodec = {
  encode: (fact) => encodeJournal(fact, NEWEST_FORMAT),
  formats: { newest: NEWEST_FORMAT, written: () => NEWEST_FORMAT },
  decode: (bytes) => {
    const value = decodeJournal(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    if (value.kind !== 'entry' && value.kind !== 'mark' && value.kind !== 'pause') throw new Error(`${value.kind} in a store`)
    return value
  },
}

const hex = (of: string, length: number) => createHash('sha256').update(of).digest('hex').slice(0, length)

const entryOf = (n: number, releaseAt: number, people: number): Entry => {
  const notificationId = hex(`id ${n}`, 32)
  const position = { topic: 'billing.invoices', partition: n % 12, offset: n, index: 0 }
  return {
    notificationId,
    position,
    arrival: n,
    arrivedAt: NOW,
    state: 'queued',
    status: 'queued',
    sequence: 1,
    terminalSequence: null,
    corrected: false,
    notification: {
      notificationId,
      identityKey: hex(`identity ${n}`, 32),
      position,
      event: { source: '/billing/invoices', id: `invoice-${n}`, type: 'jp.example.billing.InvoiceFinalized', time: NOW },
      customerId: `C-${n}`,
      recipientRef: hex(`recipient ${n % people}`, 64),
      route: 'invoice-finalized',
      purpose: 'bill-finalized',
      channel: 'main',
      endpoint: 'template',
      urgent: false,
      zone: 'Asia/Tokyo',
      quietHours: { windows: [{ from: '21:00', until: '08:00', on: null }], holidays: [], spreadMs: 0 },
      expiresAt: NOW + 2 * DAY + (n % 1_000),
      staleAt: NOW + DAY,
      unknownPolicy: 'give-up',
      unknownWaitMs: DAY,
      fallback: 'sms',
      fallbackAfterMs: null,
      dedupeWindowMs: 7 * DAY,
      businessKey: null,
      businessWindowMs: 0,
      subject: `invoice/${n}`,
      revision: null,
      onlyIfNotified: false,
      reviewed: true,
      receivedAt: NOW,
      traceparent: `00-${hex(`trace ${n}`, 32)}-${hex(`span ${n}`, 16)}-01`,
    },
    sealed: Buffer.alloc(500, n),
    releaseAt,
    notBefore: 0,
    deliveryTag: null,
    pastTags: [],
    attempts: 0,
    setbacks: 0,
    sentAt: null,
    settleAt: null,
    unknownCause: null,
    lineRequestId: null,
    linkedAt: null,
    reachedAt: null,
    resend: false,
    fallbackAt: null,
    fallbackSaid: false,
    keepUntil: NOW + 7 * DAY,
  }
}

const tagOf = (n: number) => `t_3_0123456789ab_2s_${n.toString(36)}`
const sending = (entry: Entry): Entry => ({ ...entry, state: 'sending', deliveryTag: tagOf(entry.arrival), sentAt: NOW })
const done = (entry: Entry): Entry => ({ ...entry, state: 'done', status: 'accepted', sealed: null, reachedAt: NOW })

const timed = <T>(work: () => T): { result: T; ms: number } => {
  const since = performance.now()
  return { result: work(), ms: performance.now() - since }
}

const restore = (into: Store, state: 'queued' | 'done', { entries }: Size): number => {
  let ms = 0
  for (let n = 0; n < entries; n += 2_000) {
    const some = Array.from({ length: Math.min(2_000, entries - n) }, (_, k) => entryOf(n + k, NOW + DAY, peopleOf(entries)))
    const chunk = state === 'done' ? some.map((entry) => done(sending(entry))) : some
    ms += timed(() => into.apply({ entries: chunk }, n)).ms
    if (n % 20_000 === 0) ms += timed(() => into.sync(NOW)).ms
  }
  return ms + timed(() => into.sync(NOW)).ms
}

/** One in three people has two. */
const peopleOf = (entries: number): number => Math.ceil(entries * 0.75)

/** What a step asks of each notification, and the two commits of its life. */
const work = (on: Store, { entries, batch, rounds }: Size): void => {
  for (let round = 0; round < rounds; round++) {
    const first = entries + round * batch
    const fresh = Array.from({ length: batch }, (_, k) => entryOf(first + k, NOW, peopleOf(entries)))
    for (const { notificationId, notification } of fresh) {
      on.get(notificationId)
      on.byIdentity(notification?.identityKey ?? '')
      on.mark(notification?.subject ?? '')
    }
    for (const { notification } of fresh) {
      if (!notification) continue
      for (const _ of on.sendingTo(notification.recipientRef)) break
      for (const _ of on.inLine(notification)) break
      for (const _ of on.reached(notification.recipientRef, NOW - DAY)) break
    }
    for (const _ of on.waiting(LANE, NOW)) break
    on.apply({ entries: fresh.map(sending), position: { requests: first, feedback: 0 } }, first)
    on.nextWake(NOW)
    const ended = fresh.map((entry) => on.byTag(tagOf(entry.arrival))).filter((entry) => entry !== undefined)
    for (const _ of on.waiting(LANE, NOW)) break
    on.apply({ entries: ended.map(done) }, first)
    on.nextWake(NOW)
    if (round % 40 === 0) on.sync(NOW)
  }
}

const measure = (file: string, state: 'queued' | 'done', size: Size) => {
  const options = { file, partition: 3, incarnation: '0123456789ab', now: NOW, oldestSyncMs: DAY, codec }
  const filled = openSqliteStore(options)
  const restoreMs = restore(filled, state, size)
  const rssMb = process.memoryUsage.rss() / 1e6
  filled.close()
  const fileMb = statSync(file).size / 1e6
  const opening = timed(() => openSqliteStore(options))
  const { ms } = timed(() => work(opening.result, size))
  opening.result.close()
  const perSecond = (count: number, within: number) => (count / within) * 1_000
  return {
    ...{ state, rssMb, fileMb, openedMs: opening.ms, restoredPerSecond: perSecond(size.entries, restoreMs) },
    perSecond: perSecond(size.rounds * size.batch, ms),
  }
}
