import type { SQLInputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { Coverage } from '../domain/coverage.ts'
import { type Entry, NONE_YET } from '../domain/entry.ts'
import { type JournalKey, keyOfEntry, keyOfMark } from '../domain/journal-key.ts'
import type { Mark } from '../domain/mark.ts'
import type { Pause } from '../domain/pause.ts'
import type { Store, TaskPosition } from '../domain/state.ts'
import { isDamage } from './damage.ts'
import { createEntryWriter } from './entry-writer.ts'
import { prepareQueries, type StoreQueries } from './queries.ts'
import { createRecentEntries } from './recent-entries.ts'
import { packed, rankOf, unpacked } from './row.ts'
import { scan } from './scan.ts'
import { openStoreFile, type Row, type StoreFileOptions } from './store-file.ts'
import type { FactCodec, StoredFact } from './stored-fact.ts'
import { createTurns } from './turns.ts'

export interface SqliteStoreOptions extends StoreFileOptions {
  readonly codec: FactCodec
}

/** Entries kept decoded: those of the last seconds. */
const MOST_RECENT = 500

/** A store in a file: memory stays the same however much waits or is remembered, and a restart reads only what came after the last
 *  sync. Once something has thrown, it is good for `close` and `reset` only. */
export const openSqliteStore = (options: SqliteStoreOptions): Store => {
  const { codec } = options
  const file = openStoreFile(options)
  const ask = prepareQueries(file.query)
  const turns = createTurns(file.query)
  const recent = createRecentEntries(MOST_RECENT)
  const pauses = new Map<string, Pause>()
  const coverages = new Map<string, Coverage>()
  const count = { ...NONE_YET }
  let position: TaskPosition | undefined
  let next = 0
  const begin = (): void => {
    const facts = file.facts()
    Object.assign(count, facts.count)
    position = facts.position ?? undefined
    next = facts.next
    recent.clear()
    pauses.clear()
    coverages.clear()
    for (const row of ask.pauses.all()) {
      const { pause } = decode(row, 'pause')
      pauses.set(pause.channel, pause)
    }
    for (const row of ask.coverages.all()) {
      const { coverage } = decode(row, 'coverage')
      coverages.set(coverage.channel, coverage)
    }
  }

  const factIn = (body: Uint8Array): StoredFact => {
    try {
      return codec.decode(body)
    } catch (cause) {
      throw file.damaged('something that cannot be read', cause)
    }
  }
  const decode = <K extends StoredFact['kind']>(row: Row | undefined, kind: K): Extract<StoredFact, { kind: K }> => {
    const body = row?.body
    if (!(body instanceof Uint8Array) || crc32(body) !== row?.crc) throw file.damaged(`no ${kind} where there was one`)
    const fact = factIn(body)
    if (!isA(kind, fact)) throw file.damaged(`${fact.kind} where there was ${kind}`)
    return fact
  }

  const at = (arrival: number): Entry => {
    const known = recent.at(arrival)
    if (known) return known
    const { entry } = decode(ask.body.get(arrival), 'entry')
    recent.put(entry)
    return entry
  }
  const writer = createEntryWriter({
    ...{ ask, turns, recent, at },
    count: (state, by) => {
      count[state] += by
    },
  })
  const found = (row: Row | undefined): Entry | undefined => row && at(Number(row.arrival))
  const named = (id: string): Entry | undefined => recent.named(id) ?? found(ask.byId.get(packed(id)))
  const each = function* (query: keyof StoreQueries, ...parameters: readonly SQLInputValue[]): Iterable<Entry> {
    for (const { tie } of scan(ask[query], parameters)) yield at(Number(tie))
  }
  const markOf = (subject: string): Mark | undefined => {
    const row = ask.mark.get(subject)
    return row && decode(row, 'mark').mark
  }

  const putMark = (mark: Mark): void => {
    const body = codec.encode({ kind: 'mark', mark })
    ask.putMark.run(mark.subject, mark.pending ? 1 : null, mark.pending ? null : mark.forgetAt, crc32(body), body)
  }
  const putPause = (pause: Pause): void => {
    const body = codec.encode({ kind: 'pause', pause })
    ask.putPause.run(pause.channel, crc32(body), body)
    pauses.set(pause.channel, pause)
  }
  const putCoverage = (coverage: Coverage): void => {
    const body = codec.encode({ kind: 'coverage', coverage })
    ask.putCoverage.run(coverage.channel, crc32(body), body)
    coverages.set(coverage.channel, coverage)
  }
  const putEntry = (entry: Entry): void => {
    writer.put(entry, codec.encode({ kind: 'entry', entry }))
    recent.put(entry)
  }
  const forget = (key: JournalKey): void => {
    const name = key.slice(key.indexOf('/') + 1)
    if (key.startsWith('mark/')) return ask.removeMark.run(name)
    if (key.startsWith('pause/')) {
      pauses.delete(name)
      return ask.removePause.run(name)
    }
    if (key.startsWith('coverage/')) {
      coverages.delete(name)
      return ask.removeCoverage.run(name)
    }
    const entry = named(name)
    if (!entry) return
    writer.remove(entry)
    recent.drop(entry)
  }

  try {
    begin()
  } catch (error) {
    if (!isDamage(error)) {
      file.close()
      throw error
    }
    file.reset()
    options.onRebuild?.('damaged')
    begin()
  }
  return {
    position: () => position,
    get: named,
    byIdentity: (key) => found(ask.byIdentity.get(packed(key))),
    byBusinessKey: (key) => found(ask.byBusinessKey.get(packed(key))),
    byTag: (tag) => found(ask.byTag.get(tag)),
    waiting: function* (lane, now) {
      turns.catchUp(now)
      yield* each('waiting', lane, rankOf(true), now)
      yield* each('waiting', lane, rankOf(false), now)
    },
    inLine: ({ recipientRef, channel, urgent }) => each('inLine', packed(recipientRef), channel, rankOf(urgent)),
    // One at a time, so there is nothing to go through page by page.
    sendingTo: (recipientRef) => ask.sendingTo.all(packed(recipientRef)).map((row) => at(Number(row.arrival))),
    reached: (recipientRef, since) => each('reached', packed(recipientRef), since),
    queuedAbout: (subject) => each('queuedAbout', subject),
    mark: markOf,
    pendingMarks: function* () {
      for (const { tie } of scan(ask.pendingMarks, [], '')) {
        const mark = markOf(String(tie))
        if (mark) yield mark
      }
    },
    pause: (channel) => pauses.get(channel),
    pauses: () => pauses.values(),
    coverage: (channel) => coverages.get(channel),
    coverages: () => coverages.values(),
    expired: (now) => each('expired', now),
    inFlight: () => each('inFlight'),
    unsettled: (channel, until) => each('unsettled', channel, until),
    unsettledChannels: function* () {
      for (let last = ''; ; ) {
        const row = ask.nextUnsettledChannel.get(last)
        if (!row) return
        last = String(row.channel)
        yield last
      }
    },
    fallbackDue: (now) => each('fallbackDue', now),
    forgettable: function* (now) {
      for (const { id } of scan(ask.forgettable, [now])) yield keyOfEntry(unpacked(id))
      for (const { tie } of scan(ask.forgettableMarks, [now], '')) yield keyOfMark(String(tie))
    },
    nextForget: () => earliest(Object.values(ask.nextForget.get() ?? {})),
    nextWake: (now) => {
      const probes = [...pauses.values()].map(({ probeAt }) => probeAt).filter((at) => at !== null && at > now)
      return earliest([...Object.values(ask.nextWake.get(now) ?? {}), ...probes])
    },
    count: () => ({ ...count }),
    resumeFrom: () => next,
    apply: ({ entries = [], marks = [], pauses = [], coverages = [], forgotten = [], ...changes }, to) => {
      // What is written anew after it was forgotten must stay.
      for (const key of forgotten) forget(key)
      for (const entry of entries) putEntry(entry)
      for (const mark of marks) putMark(mark)
      for (const pause of pauses) putPause(pause)
      for (const coverage of coverages) putCoverage(coverage)
      writer.end()
      position = changes.position ?? position
      next = to
    },
    sync: (now) => file.sync({ next, position: position ?? null, count: { ...count } }, now),
    reset: () => {
      file.reset()
      begin()
    },
    close: () => file.close(),
  }
}

const isA = <K extends StoredFact['kind']>(kind: K, fact: StoredFact): fact is Extract<StoredFact, { kind: K }> =>
  fact.kind === kind

const earliest = (times: readonly unknown[]): number | undefined => {
  const known = times.filter((at) => typeof at === 'number')
  return known.length > 0 ? Math.min(...known) : undefined
}
