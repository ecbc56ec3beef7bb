import type { Invariant } from '../../proof/verifier/history.ts'
import { parseTag } from '../../proof/verifier/known.ts'
import { RECEIPT_MS } from '../../proof/verifier/rightful-end.ts'
import { HOUR, LANES, NOON, QUIET, SECOND, type Tale, type Told } from './verifier-history.ts'

/** What is broken, how it is told, and how it is done to a history that is well. */
export type Break = readonly [invariant: Invariant, what: string, told: RegExp, how: (tale: Tale) => void]

const resultsOf = ({ history }: Tale, { id }: Told) => history.results.filter(({ notificationId }) => notificationId === id)
const resultOf = (tale: Tale, told: Told, status: string) => found(resultsOf(tale, told).find((each) => each.status === status))
const postOf = ({ history }: Tale, { tags }: Told) => found(history.posts.find(({ deliveryTag }) => deliveryTag === tags.at(-1)))
const departureOf = ({ history }: Tale, { tags }: Told) =>
  found(history.departures.find(({ deliveryTag }) => deliveryTag === tags.at(-1)))
const entriesOf = ({ history }: Tale, { id }: Told) =>
  history.journal.flatMap((each) => (each.kind === 'entry' && each.notificationId === id ? [each] : []))
const sendingOf = (tale: Tale, told: Told) =>
  found(entriesOf(tale, told).find(({ state, deliveryTag }) => state === 'sending' && deliveryTag === told.tags.at(-1)))
const remove = <T>(items: T[], item: T) => void items.splice(items.indexOf(item), 1)
const found = <T>(item: T | undefined): T => {
  if (item === undefined) throw new Error('the tale has none')
  return item
}
/** Ends as another did. */
const ending = (tale: Tale, told: Told, from: string, to: string) => {
  resultOf(tale, told, from).status = to
}
const lastPosition = ({ history }: Tale, partition: number) =>
  found(history.journal.flatMap((each) => (each.kind === 'position' && each.partition === partition ? [each] : [])).at(-1))
const mark = (subject: string, cancelledAt: number | null, revision: number | null = null) =>
  ({ kind: 'mark', subject, cancelledAt, revision }) as const
const paused = (probe: string | null = null) => ({ kind: 'pause', channel: 'main', paused: true, probe }) as const
const REFUSED = { answered: 429, taken: false, certainlyRefused: true }

const ends: readonly Break[] = [
  [
    1,
    'nothing was said',
    /no result.*its request is requests\/0/,
    (t) => {
      t.history.results = t.history.results.filter(({ notificationId }) => notificationId !== t.tooLate.id)
    },
  ],
  [
    1,
    'what was asked never came to a request',
    /no result, though poison was asked: there is no request/,
    (t) => {
      t.history.results = t.history.results.filter(({ notificationId }) => notificationId !== t.poison.id)
      t.history.inputs = t.history.inputs.filter(({ position }) => position !== t.poison.asked.position)
    },
  ],
  [
    1,
    'its request was set aside',
    /its request requests\/0\/\d+ was set aside/,
    (t) => {
      t.history.results = t.history.results.filter(({ notificationId }) => notificationId !== t.refused.id)
      for (const { position, partition, offset } of t.history.inputs)
        if (position === t.refused.asked.position) t.history.deadLetters.push(`requests/${partition}/${offset}`)
    },
  ],
  [1, 'a second end', /a second end: delivered after delivered/, (t) => void t.delivered.ends('delivered')],
  [
    1,
    'something after the end',
    /queued after its end, delivered/,
    (t) => void t.delivered.becomes('done', { status: 'queued' }),
  ],
  [
    1,
    'a correction before the end',
    /a correction \(delivered\) before its end/,
    (t) => {
      const story = t.b.asks().sent()
      story.corrected('delivered')
      story.ends('delivered')
      resultOf(t, story, 'delivered').corrects = 'something'
    },
  ],
  [1, 'a second correction', /a second correction: delivered/, (t) => void t.corrected.corrected('delivered')],
  [
    1,
    'a correction of another result',
    /names n-x\/1, and its end is/,
    (t) => {
      resultOf(t, t.corrected, 'delivered').corrects = 'n-x/1'
    },
  ],
  [1, 'a correction that is none', /says what was said: unconfirmed/, (t) => void t.unconfirmed.corrected('unconfirmed')],
  [
    1,
    'a correction of what was certain',
    /delivered, was final, and is corrected to unconfirmed/,
    (t) => {
      const story = t.b.asks().sent().becomes('unknown', { status: 'unknown', reason: 'reset' })
      story.ends('delivered').corrected('unconfirmed')
    },
  ],
  [
    1,
    'a sequence with a hole',
    /result 1 \(accepted\) has sequence 2/,
    (t) => {
      for (const result of resultsOf(t, t.delivered)) if (result.sequence > 0) result.sequence++
    },
  ],
  [
    1,
    'a sequence that begins late',
    /result 0 \(sending\) has sequence 1/,
    (t) => {
      for (const result of resultsOf(t, t.delivered)) result.sequence++
    },
  ],
  [
    1,
    'two results of one name',
    /has the name of one at/,
    (t) => {
      resultOf(t, t.accepted, 'accepted').resultId = resultOf(t, t.delivered, 'sending').resultId
    },
  ],
  [
    1,
    'two notifications of one position',
    /two notifications at one position/,
    (t) => {
      resultOf(t, t.cancelled, 'queued').notificationId = 'n-other'
    },
  ],
  [
    1,
    'a result of an order',
    /of an order/,
    (t) => {
      const story = t.b.asks({ kind: 'refused' }).ends('refused')
      t.history.orders.push({ position: story.asked.position, kind: 'pause', subject: null, cancelledAt: null, channel: 'main' })
      remove(t.history.asked, story.asked)
    },
  ],
  [
    1,
    'a result that nobody asked for',
    /1 results \(poison\) that nobody asked for/,
    (t) => remove(t.history.asked, t.poison.asked),
  ],
  [1, 'a poison record sent', /delivered, though it was to be poison/, (t) => ending(t, t.poison, 'poison', 'delivered')],
  [1, 'a poison record refused', /refused, though it was to be poison/, (t) => ending(t, t.poison, 'poison', 'refused')],
  [1, 'a refused one cancelled', /cancelled, though it was to be refused/, (t) => ending(t, t.refused, 'refused', 'cancelled')],
  [
    1,
    'a ready one refused',
    /ended refused, though that is no end of what was ready/,
    (t) => ending(t, t.cancelled, 'cancelled', 'refused'),
  ],
  [
    1,
    'two of one identity sent',
    /2 of one identity were not found to be duplicates/,
    (t) => {
      const story = t.b.asks({ identity: t.delivered.asked.identity }).sent()
      story.ends('delivered')
    },
  ],
  [
    1,
    'two of one identity under way',
    /2 of one identity were not found to be duplicates/,
    (t) =>
      void t.b.asks({ identity: t.delivered.asked.identity, fate: 'silent' }).sent().becomes('accepted', { status: 'accepted' }),
  ],
  [
    1,
    'all of one identity duplicates',
    /all of one identity are duplicates/,
    (t) => {
      const story = t.b.asks()
      story.ends('duplicate', { duplicateOf: t.delivered.id })
    },
  ],
  [
    1,
    'a duplicate of itself',
    /a duplicate of itself/,
    (t) => {
      resultOf(t, t.duplicate, 'duplicate').duplicateOf = t.duplicate.id
    },
  ],
  [
    1,
    'a duplicate of another',
    /which is not the one of its identity/,
    (t) => {
      resultOf(t, t.duplicate, 'duplicate').duplicateOf = t.accepted.id
    },
  ],
  [
    1,
    'a duplicate of nothing',
    /a duplicate of nothing/,
    (t) => {
      resultOf(t, t.duplicate, 'duplicate').duplicateOf = null
    },
  ],
  [
    1,
    'a duplicate that was sent',
    /duplicate, though LINE saw its request/,
    (t) => {
      t.b.asks({ identity: t.delivered.asked.identity }).sent().ends('duplicate', { duplicateOf: t.delivered.id })
    },
  ],
  [
    1,
    'a duplicate without an identity',
    /has no identity/,
    (t) => {
      t.duplicate.asked.identity = null
    },
  ],
  [1, 'delivered where nobody listens', /nobody awaits receipts/, (t) => ending(t, t.accepted, 'accepted', 'delivered')],
  [
    1,
    'delivered to who cannot be reached',
    /its fate was silent/,
    (t) => {
      t.delivered.asked.fate = 'silent'
    },
  ],
  [
    1,
    'delivered, and LINE has nothing',
    /LINE has none of its requests/,
    (t) => {
      postOf(t, t.delivered).taken = false
    },
  ],
  [
    1,
    'accepted, and LINE has nothing',
    /accepted, though LINE has none/,
    (t) => {
      postOf(t, t.accepted).taken = false
    },
  ],
  [
    1,
    'accepted where LINE refuses',
    /accepted, though its fate was unreachable/,
    (t) => {
      t.accepted.asked.fate = 'unreachable'
    },
  ],
  [
    1,
    'accepted called an end where a receipt is awaited',
    /accepted, though receipts are awaited/,
    (t) => {
      const story = t.b.asks().sent()
      story.ends('accepted')
    },
  ],
  [
    1,
    'accepted not called an end where none is',
    /accepted is not called an end/,
    (t) => {
      const story = t.b.asks({ channel: 'plain' }).sent().becomes('accepted', { status: 'accepted' })
      story.ends('accepted')
    },
  ],
  [
    1,
    'an end not called one',
    /unreachable is not called an end/,
    (t) => {
      const story = t.b
        .asks({ fate: 'unreachable' })
        .sent({ post: { ...REFUSED, answered: 422 } })
        .becomes('accepted', { status: 'unreachable' })
      story.ends('unreachable')
    },
  ],
  [
    1,
    'a step called an end',
    /queued is called an end/,
    (t) => {
      t.b.asks().ends('queued')
    },
  ],
  [1, 'a step called a correction', /unknown is called a correction/, (t) => void t.unconfirmed.corrected('unknown')],
  [
    1,
    'undelivered before a day is over',
    /a day of silence has not passed/,
    (t) => {
      t.b.asks({ fate: 'silent' }).sent().becomes('accepted', { status: 'accepted' }).ends('undelivered')
    },
  ],
  [
    1,
    'undelivered, and never corrected',
    /undelivered, though its fate was delivered/,
    (t) => {
      t.undelivered.asked.fate = 'delivered'
    },
  ],
  [
    1,
    'undelivered where LINE refuses',
    /undelivered, though its fate was unreachable/,
    (t) => {
      t.undelivered.asked.fate = 'unreachable'
    },
  ],
  [
    1,
    'undelivered where nobody listens',
    /undelivered, though nobody awaits/,
    (t) => {
      const story = t.b.asks({ channel: 'plain', fate: 'silent' }).sent()
      t.b.at += RECEIPT_MS
      story.ends('undelivered')
    },
  ],
  [
    1,
    'undelivered, and LINE has nothing',
    /undelivered, though LINE has none/,
    (t) => {
      postOf(t, t.undelivered).taken = false
    },
  ],
  [
    1,
    'unreachable whom LINE reaches',
    /unreachable, though its fate was delivered/,
    (t) => {
      t.unreachable.asked.fate = 'delivered'
    },
  ],
  [
    1,
    'unreachable by another answer',
    /unreachable, though LINE did not answer 422/,
    (t) => {
      postOf(t, t.unreachable).answered = 404
    },
  ],
  [
    1,
    'rejected by another answer',
    /rejected, though LINE did not answer 413/,
    (t) => {
      resultOf(t, t.rejected, 'rejected').httpStatus = 413
    },
  ],
  [
    1,
    'rejected by an answer that is for the pace',
    /rejected, though LINE did not answer 429/,
    (t) => {
      postOf(t, t.rejected).answered = 429
      resultOf(t, t.rejected, 'rejected').httpStatus = 429
    },
  ],
  [
    1,
    'rejected by an answer that says neither yes nor no',
    /rejected, though LINE did not answer 500/,
    (t) => {
      postOf(t, t.rejected).answered = 500
      resultOf(t, t.rejected, 'rejected').httpStatus = 500
    },
  ],
  [
    1,
    'rejected by no answer',
    /rejected, though LINE did not answer so/,
    (t) => {
      resultOf(t, t.rejected, 'rejected').httpStatus = null
    },
  ],
  [1, 'unconfirmed what was never unknown', /it was never unknown/, (t) => ending(t, t.accepted, 'accepted', 'unconfirmed')],
  [
    1,
    'unheard for less than a day',
    /it was never unknown/,
    (t) => {
      resultOf(t, t.unheard, 'unconfirmed').seenAt -= HOUR
    },
  ],
  [
    1,
    'unconfirmed for a day of silence that somebody heard',
    /it was never unknown/,
    (t) => {
      resultOf(t, t.unheard, 'unconfirmed').reason = null
    },
  ],
  [
    1,
    'unheard where nobody listens',
    /it was never unknown/,
    (t) => {
      const story = t.b.asks({ channel: 'plain' }).sent()
      t.b.at += RECEIPT_MS
      story.ends('unconfirmed', { reason: 'no-webhook' })
    },
  ],
  [
    1,
    'cancelled by nobody',
    /no order cancels it/,
    (t) => {
      found(t.history.orders[0]).subject = 'reservation-2'
    },
  ],
  [
    1,
    'cancelled by what is older',
    /no order cancels it/,
    (t) => {
      found(t.history.orders[0]).cancelledAt = t.cancelled.asked.eventTime - 1
    },
  ],
  [
    1,
    'cancelled by a pause',
    /no order cancels it/,
    (t) => {
      found(t.history.orders[0]).kind = 'resume'
    },
  ],
  [
    1,
    'cancelled, and sent',
    /cancelled, though LINE saw its request/,
    (t) => {
      const story = t.b.asks({ subject: 'reservation-3', eventTime: NOON }).sent({ post: { answered: 'reset', taken: false } })
      t.history.orders.push({
        position: 'orders/9/0/0',
        kind: 'cancel',
        subject: 'reservation-3',
        cancelledAt: t.b.at,
        channel: null,
      })
      story.ends('cancelled')
    },
  ],
  [
    1,
    'superseded by nothing newer',
    /no newer revision/,
    (t) => {
      t.newer.asked.subject = 'incident-2'
    },
  ],
  [
    1,
    'superseded without a revision',
    /no newer revision/,
    (t) => {
      t.superseded.asked.revision = null
    },
  ],
  [
    1,
    'superseded, and sent',
    /superseded, though LINE saw its request/,
    (t) => {
      t.b.asks({ subject: 'incident-2', revision: 1 }).sent().ends('superseded')
      t.b.asks({ subject: 'incident-2', revision: 2 }).sent().ends('delivered')
    },
  ],
  [
    1,
    'expired what does not expire',
    /it does not expire/,
    (t) => {
      t.expiring.asked.expiresAt = null
    },
  ],
  [
    1,
    'expired too early',
    /and not for quiet hours/,
    (t) => {
      t.expiring.asked.expiresAt = t.b.at
    },
  ],
  [
    1,
    'expired for quiet hours that end before',
    /and not for quiet hours/,
    (t) => {
      t.tooLate.asked.expiresAt = resultOf(t, t.tooLate, 'expired').decidedAt + 10 * HOUR
    },
  ],
  [
    1,
    'too old what never is',
    /it never is too old/,
    (t) => {
      t.stale.asked.staleAt = null
    },
  ],
  [
    1,
    'expired, and sent',
    /expired, though LINE saw its request/,
    (t) => {
      const story = t.b.asks({ expiresAt: t.b.at + HOUR }).sent()
      t.b.at += HOUR
      story.ends('expired')
    },
  ],
]

const posts: readonly Break[] = [
  [2, 'one intention posted twice', /2 posts of one intention/, (t) => void t.history.posts.push({ ...postOf(t, t.delivered) })],
  [
    2,
    'one intention departed twice',
    /2 departures of one intention/,
    (t) => {
      const again = { ...departureOf(t, t.delivered) }
      t.history.departures.push({ ...again, at: again.at + 100, wall: again.wall + 100 })
    },
  ],
  [
    2,
    'an intention that was never committed departs',
    /it left, and its intention was never committed$/,
    (t) => void t.history.departures.push({ ...departureOf(t, t.delivered), deliveryTag: 't_0_0123456789ab_0_zz' }),
  ],
  [
    2,
    'an intention that was never committed is posted',
    /LINE saw it, and its intention was never committed$/,
    (t) => void t.history.posts.push({ ...postOf(t, t.delivered), deliveryTag: 't_0_0123456789ab_0_zz' }),
  ],
  [
    2,
    'a tag of nobody',
    /it is no tag of ours/,
    (t) => void t.history.posts.push({ ...postOf(t, t.delivered), deliveryTag: 'hello' }),
  ],
  [
    2,
    'nobody told that it was being sent',
    /no result tells that it was being sent/,
    (t) => {
      resultOf(t, t.delivered, 'sending').deliveryTag = 'another'
    },
  ],
  [
    2,
    'an intention without a tag',
    /is sending with no tag/,
    (t) => {
      const story = t.b.asks().sent({ post: null }).queued()
      sendingOf(t, story).deliveryTag = null
      t.history.departures.pop()
      story.sent().ends('delivered')
    },
  ],
  [
    2,
    'a tag used again by another',
    /which was used before/,
    (t) => {
      const story = t.b.asks().sent({ post: null })
      sendingOf(t, story).deliveryTag = found(t.delivered.tags[0])
      resultOf(t, story, 'sending').deliveryTag = null
      t.history.departures.pop()
      story.queued().sent().ends('delivered')
    },
  ],
  [
    2,
    'an intention that comes back',
    /which was used before/,
    (t) => {
      const story = t.b.asks().sent({ post: null }).queued()
      story.becomes('sending')
      story.queued().sent().ends('delivered')
    },
  ],
  [
    2,
    'the tag of another partition',
    /names partition 2/,
    (t) => {
      const story = t.b.asks().sent()
      story.ends('delivered')
      const tag = found(story.tags[0])
      const other = tag.replace('t_0', 't_2')
      for (const each of [...t.history.departures, ...t.history.posts, ...resultsOf(t, story), ...entriesOf(t, story)])
        if (each.deliveryTag === tag) each.deliveryTag = other
    },
  ],
  [
    2,
    'departed before it was committed',
    /it left 990 ms before its intention was committed/,
    (t) => {
      const departure = departureOf(t, t.delivered)
      departure.at -= SECOND
    },
  ],
  [
    2,
    'sent again, by a policy that gives up',
    /sent 2 times, by a policy that gives up/,
    (t) => {
      t.resent.asked.unknownPolicy = 'give-up'
    },
  ],
  [
    2,
    'sent again after a refusal that nobody heard of',
    /sent 2 times/,
    (t) => {
      found(t.history.posts.find(({ deliveryTag }) => deliveryTag === t.setBack.tags[0])).answered = 'reset'
    },
  ],
  [
    2,
    'sent again after 5xx',
    /sent 2 times/,
    (t) => {
      found(t.history.posts.find(({ deliveryTag }) => deliveryTag === t.setBack.tags[0])).answered = 503
    },
  ],
  [
    2,
    'sent again, and never unknown',
    /had not become unknown/,
    (t) => {
      const story = t.b
        .asks({ unknownPolicy: 'resend' })
        .sent({ post: { answered: 'reset' } })
        .queued({ resend: true })
        .sent()
      story.ends('delivered')
    },
  ],
  [
    2,
    'sent again, and unknown only afterwards',
    /had not become unknown/,
    (t) => {
      const story = t.b
        .asks({ unknownPolicy: 'resend' })
        .sent({ post: { answered: 'reset' } })
        .queued({ resend: true })
        .sent()
      const again = story.becomes('unknown', { status: 'unknown', deliveryTag: found(story.tags[0]) })
      for (const entry of entriesOf(t, story)) if (entry.state === 'unknown') entry.deliveryTag = found(story.tags[0])
      again.ends('delivered')
    },
  ],
  [
    2,
    'sent a third time, and unknown once',
    /had not become unknown/,
    (t) => {
      const story = t.b.asks({ unknownPolicy: 'resend' }).sent({ post: { answered: 'reset' } })
      story
        .becomes('unknown', { status: 'unknown', reason: 'reset' })
        .queued({ resend: true })
        .sent({ post: { answered: 'reset' } })
      story.queued().sent().ends('delivered')
    },
  ],
]

const starts: readonly Break[] = [
  [
    3,
    'in quiet hours',
    /in quiet hours, 21:00 to 08:00 in Asia\/Tokyo/,
    (t) => {
      departureOf(t, t.deferred).wall -= 2 * HOUR
    },
  ],
  [
    3,
    'at the opening of quiet hours',
    /in quiet hours/,
    (t) => {
      const story = t.b.asks({ quiet: QUIET }).sent()
      story.ends('delivered')
      departureOf(t, story).wall = Date.UTC(2026, 10, 1, 12)
    },
  ],
  [
    3,
    'in the hour that comes twice',
    /in quiet hours, 01:00 to 01:30 in America\/New_York/,
    (t) => {
      const story = t.b.asks({ quiet: { zone: 'America/New_York', from: '01:00', until: '01:30' } }).sent()
      story.ends('delivered')
      departureOf(t, story).wall = Date.UTC(2026, 10, 1, 6, 15)
    },
  ],
  [
    3,
    'at its expiry',
    /0 ms after it had expired/,
    (t) => {
      t.delivered.asked.expiresAt = departureOf(t, t.delivered).wall
    },
  ],
  [
    3,
    'after send-by',
    /after its intention had run out/,
    (t) => {
      const departure = departureOf(t, t.delivered)
      departure.at += 3 * SECOND
    },
  ],
  [
    3,
    'an intention after a cancellation',
    /its intention was committed after its cancellation was/,
    (t) => {
      const story = t.b.asks({ subject: 's' }).queued()
      t.b.commit(0, [mark('s', t.b.at)])
      story.sent().ends('delivered')
    },
  ],
  [
    3,
    'an intention after a cancellation by the owner before',
    /committed after its cancellation/,
    (t) => {
      const story = t.b.asks({ subject: 's' }).queued()
      t.b.commit(0, [mark('s', t.b.at)])
      t.b.lost(t.owners.third, 'planned')
      t.b.owned(0, 'worker-4')
      story.sent().ends('delivered')
    },
  ],
  [
    3,
    'an intention in the same commit as its cancellation',
    /committed after its cancellation/,
    (t) => {
      const story = t.b.asks({ subject: 's' }).sent()
      const { journal } = t.history
      journal.splice(-1, 0, { ...mark('s', t.b.at), partition: 0, offset: 0, committedAt: t.b.at })
      found(journal.at(-2)).offset = found(journal.at(-1)).offset
      found(journal.at(-1)).offset += 0.5
      story.ends('delivered')
    },
  ],
  [
    3,
    'an intention after a newer revision',
    /committed after a newer revision/,
    (t) => {
      const story = t.b.asks({ subject: 's', revision: 1 }).queued()
      t.b.commit(0, [mark('s', null, 2)])
      t.b.commit(0, [mark('s', NOON)]) // and it is not forgotten
      story.sent().ends('delivered')
    },
  ],
  [
    3,
    'an intention on a paused channel',
    /committed after the pause of main/,
    (t) => {
      const story = t.b.asks().queued()
      t.b.commit(0, [paused('another tag')])
      story.sent().ends('delivered')
      t.b.commit(0, [{ ...paused(), paused: false }])
    },
  ],
  [
    3,
    'a start after its cancellation',
    /started 5 ms after its cancellation was committed/,
    (t) => {
      const story = t.b.asks({ subject: 's' }).sent()
      t.b.at += 5
      t.b.commit(0, [mark('s', t.b.at)])
      story.ends('delivered')
    },
  ],
  [
    3,
    'a start after a newer revision',
    /after a newer revision was committed/,
    (t) => {
      const story = t.b.asks({ subject: 's', revision: 1 }).sent()
      t.b.commit(0, [mark('s', null, 2)])
      story.ends('delivered')
    },
  ],
  [
    3,
    'a start after its channel was paused',
    /started 10 ms after the pause of main was committed/,
    (t) => {
      const story = t.b.asks().sent()
      t.b.commit(0, [paused()])
      story.ends('delivered')
      t.b.commit(0, [{ ...paused(), paused: false }])
    },
  ],
  [
    3,
    'a start in a pause that began before its last probe',
    /started 10 ms after the pause/,
    (t) => {
      const story = t.b.asks().sent()
      t.b.commit(0, [paused()])
      t.b.at += 5
      t.b.commit(0, [paused('another tag')])
      story.ends('delivered')
      t.b.commit(0, [{ ...paused(), paused: false }])
    },
  ],
  [
    3,
    'late, by a worker that stood still long before',
    /after its intention had run out/,
    (t) => {
      const departure = departureOf(t, t.delivered)
      departure.at += 60 * SECOND
      Object.assign(t.owners.first, { ended: 'stopped', endedAt: departure.at - 61 * SECOND })
    },
  ],
  [
    3,
    'late, by a worker that stood still only later',
    /after its intention had run out/,
    (t) => {
      const departure = departureOf(t, t.delivered)
      departure.at += 60 * SECOND
      Object.assign(t.owners.first, { ended: 'stopped', endedAt: departure.at + 3 * SECOND })
    },
  ],
  [
    3,
    'late, by a worker that was killed',
    /after its intention had run out/,
    (t) => {
      const departure = departureOf(t, t.delivered)
      departure.at += 60 * SECOND
      t.owners.first.endedAt = departure.at
    },
  ],
]

const rates: readonly Break[] = [
  [
    4,
    'three in a second, of three workers',
    /3 departures in the second until \d+: the limit is 2/,
    (t) => {
      for (const partition of [0, 1, 2]) {
        t.b.at -= 3 * SECOND
        t.b
          .asks({ in: partition })
          .sent({ departure: { at: t.b.at + 2 * SECOND + partition * 499 } })
          .ends('delivered')
      }
    },
  ],
  [
    4,
    'a lane without a limit',
    /departures on a lane without a limit/,
    (t) => void Reflect.deleteProperty(t.history.settings.limits, LANES.plain),
  ],
  [
    4,
    'another lane',
    /left on plain\/flexible, and was asked for on main\/template/,
    (t) => {
      departureOf(t, t.delivered).lane = LANES.plain
    },
  ],
]

const positions: readonly Break[] = [
  [
    5,
    'a position that goes back',
    /the position in requests goes back, from \d+ to 3/,
    (t) => {
      lastPosition(t, 0).requests = 3
    },
  ],
  [
    5,
    'a position in feedback that goes back',
    /the position in feedback goes back, from 2 to 0/,
    (t) => {
      const all = t.history.journal.filter((each) => each.kind === 'position' && each.partition === 1)
      Object.assign(found(all.at(-2)), { feedback: 2 })
    },
  ],
  [
    5,
    'a request passed without an entry',
    /the request of orders\/x\/0\/0, passed at journal\/0\/\d+, and it has no entry/,
    (t) => {
      t.b.history.inputs.push({
        topic: 'requests',
        partition: 0,
        offset: 3.5,
        position: 'orders/x/0/0',
        notificationId: 'n',
        seenAt: NOON,
      })
    },
  ],
  [
    5,
    'a request passed before its entry',
    /and it has no entry/,
    (t) => {
      const story = t.b.asks()
      t.b.commit(0, [])
      story.sent().ends('delivered')
    },
  ],
  [
    5,
    'a request that has its entry in another partition',
    /and it has no entry/,
    (t) => {
      const { position, notificationId } = found(t.history.inputs.find(({ partition }) => partition === 1))
      t.history.inputs.push({ topic: 'requests', partition: 0, offset: 3.5, position, notificationId, seenAt: NOON })
    },
  ],
  [
    5,
    'an unreadable request passed',
    /unreadable, passed at journal\/0\/\d+, and not set aside/,
    (t) => {
      t.history.inputs.push({
        topic: 'requests',
        partition: 0,
        offset: 3.5,
        position: null,
        notificationId: null,
        unreadable: true,
        seenAt: NOON,
      })
    },
  ],
  [
    5,
    'unreadable feedback passed',
    /feedback\/0\/0: unreadable/,
    (t) => {
      t.history.inputs.push({
        topic: 'feedback',
        partition: 0,
        offset: 0,
        position: null,
        notificationId: null,
        unreadable: true,
        seenAt: NOON,
      })
      lastPosition(t, 0).feedback = 1
    },
  ],
  [
    5,
    'an intention of an owner that was fenced',
    /in the time of epoch \d+/,
    (t) => {
      t.b.lost(t.owners.third, 'stopped')
      t.b.owned(0, 'worker-4')
      const story = t.b.asks().sent()
      story.ends('delivered')
      const tag = found(story.tags[0])
      const late = tag.replace(`_${found(parseTag(tag)).epoch.toString(36)}_`, `_${t.owners.third.epoch.toString(36)}_`)
      for (const each of [...t.history.departures, ...t.history.posts, ...resultsOf(t, story), ...entriesOf(t, story)])
        if (each.deliveryTag === tag) each.deliveryTag = late
    },
  ],
  [
    5,
    'intake passed an event in silence',
    /intake passed it, to \d+, and neither/,
    (t) => {
      const input = found(t.history.inputs.find(({ position }) => position === t.duplicate.asked.position))
      t.history.inputs = t.history.inputs.filter((each) => each !== input)
    },
  ],
  [
    5,
    'intake passed an event before its request was written',
    /intake passed it/,
    (t) => {
      found(found(t.history.intakePositions[0]).requestEnds)[0] = 0
    },
  ],
  [
    5,
    'intake passed one of two that an event asks for',
    /orders\/0\/0\/1: intake passed it/,
    (t) => {
      const story = t.b.asks()
      story.sent().ends('delivered')
      const position = 'orders/0/0/1'
      const lost = story.asked.position
      story.asked.position = position
      for (const each of [...resultsOf(t, story), ...entriesOf(t, story)]) each.position = position
      t.history.inputs = t.history.inputs.filter((each) => each.position !== lost)
    },
  ],
  [
    5,
    "intake's position goes back",
    /intake's position goes back, from \d+ to 2/,
    (t) => {
      found(t.history.intakePositions[1]).offset = 2
    },
  ],
]

const orders: readonly Break[] = [
  [
    6,
    'two at once to one person',
    /it is being sent to the same person as n-/,
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).sent()
      const other = t.b.asks({ recipient: 'y' }).sent()
      one.ends('delivered')
      other.ends('delivered')
    },
  ],
  [
    6,
    'two at once to one person on two channels',
    /it is being sent to the same person/,
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).sent()
      const other = t.b.asks({ recipient: 'y', channel: 'plain' }).sent()
      one.ends('delivered')
      other.ends('accepted')
    },
  ],
  [
    6,
    'two at once to one person, one of them urgent',
    /it is being sent to the same person/,
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).sent()
      const other = t.b.asks({ recipient: 'y', urgent: true }).sent()
      one.ends('delivered')
      other.ends('delivered')
    },
  ],
  [
    6,
    'one sent again beside another',
    /it is being sent to the same person/,
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).sent()
      const other = t.b.asks({ recipient: 'y' }).sent({ entry: { resend: true } })
      one.ends('delivered')
      other.ends('delivered')
    },
  ],
  [
    6,
    'a newer one first',
    /it is sent before n-.*, which is ahead of it in its line/,
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).queued()
      t.b.asks({ recipient: 'y' }).sent().ends('delivered')
      one.sent().ends('delivered')
    },
  ],
  [
    6,
    'a newer one first, as the older was set back',
    /is ahead of it in its line/,
    (t) => {
      const one = t.b
        .asks({ recipient: 'y' })
        .sent({ post: REFUSED })
        .queued({ notBefore: t.b.at + HOUR })
      t.b.asks({ recipient: 'y' }).sent().ends('delivered')
      one.sent().ends('delivered')
    },
  ],
  [
    6,
    'one that is released later first',
    /is ahead of it in its line/,
    (t) => {
      const one = t.b.asks({ recipient: 'y' }).queued({ releaseAt: t.b.at + HOUR })
      const other = t.b.asks({ recipient: 'y' }).queued()
      one.sent().ends('delivered')
      other.sent().ends('delivered')
    },
  ],
  [
    6,
    'a newer one first, as if its equal revision had called the older off',
    /is ahead of it in its line/,
    (t) => {
      const one = t.b.asks({ recipient: 'y', subject: 's', revision: 2 }).queued()
      t.b.commit(0, [mark('s', null, 2)])
      t.b.asks({ recipient: 'y' }).sent().ends('delivered')
      one.sent().ends('delivered')
    },
  ],
  [
    6,
    'the third before the second',
    /is ahead of it in its line/,
    (t) => {
      const all = [0, 1, 2].map(() => t.b.asks({ recipient: 'y' }).queued())
      for (const place of [0, 2, 1]) found(all[place]).sent().ends('delivered')
    },
  ],
  [6, 'an intention for nobody', /it is sent to nobody/, (t) => void t.b.asks({ recipient: null }).sent().ends('delivered')],
]

const leaks: readonly Break[] = [
  [
    7,
    'the number in a log',
    /log of worker-2: found, spelled as sha256-hex/,
    (t) => void t.history.leaks.push({ spelling: 'sha256-hex', place: 'log of worker-2' }),
  ],
]

const settling: readonly Break[] = [
  [
    8,
    'a worker that ends by itself',
    /worker-2: it ended by itself: no brokers/,
    (t) => void Object.assign(t.history, { endedAlone: [{ worker: 'worker-2', why: 'no brokers' }] }),
  ],
  [8, 'one that is queued for ever', /not settled: the last that was said of it is queued/, (t) => void t.b.asks().queued()],
  [8, 'one that is never answered', /the last that was said of it is sending/, (t) => void t.b.asks().sent()],
  [
    8,
    'one that is unknown for ever',
    /is unknown \(timeout\)/,
    (t) => void t.b.asks().sent().becomes('unknown', { status: 'unknown', reason: 'timeout' }),
  ],
  [
    8,
    'one whose receipt came to nothing',
    /the last that was said of it is accepted/,
    (t) => void t.b.asks().sent().becomes('accepted', { status: 'accepted' }),
  ],
  [
    8,
    'one that was never told to be undelivered',
    /the last that was said of it is accepted/,
    (t) => {
      t.history.endedAt += RECEIPT_MS + 2 * HOUR
    },
  ],
  [
    8,
    'one that is silent, and LINE has nothing',
    /the last that was said of it is accepted/,
    (t) => {
      postOf(t, t.silent).taken = false
    },
  ],
  [
    8,
    'one that quiet hours let go long ago',
    /the last that was said of it is queued/,
    (t) => {
      t.history.calmFrom -= 12 * HOUR
      t.waiting.asked.producedAt -= 12 * HOUR
    },
  ],
  [
    8,
    'one that is said to wait for the morning, and is not queued',
    /the last that was said of it is queued/,
    (t) => void t.waiting.becomes('unknown'),
  ],
  [
    8,
    'one that waits for the morning, and is said to be unknown',
    /the last that was said of it is unknown/,
    (t) => {
      resultOf(t, t.waiting, 'queued').status = 'unknown'
    },
  ],
  [
    8,
    'an entry that does not know its end',
    /it ended delivered, and its entry is still unknown/,
    (t) => {
      found(entriesOf(t, t.crashed).at(-1)).state = 'unknown'
    },
  ],
  [
    8,
    'unknown by a planned handover',
    /was handed over as planned, and left it unknown/,
    (t) => {
      t.owners.first.ended = 'planned'
    },
  ],
  [
    8,
    'unknown by a crash that was none',
    /was never lost, and it is unknown by a crash/,
    (t) => {
      t.owners.first.ended = 'none'
    },
  ],
  [8, 'unknown by a crash of nobody', /of an owner that nobody saw/, (t) => remove(t.history.ownerships, t.owners.first)],
  [
    8,
    'unknown by a crash, without a tag',
    /of an owner that nobody saw: it has no tag/,
    (t) => {
      resultOf(t, t.crashed, 'unknown').deliveryTag = null
    },
  ],
  ...(['killed', 'stopped', 'fault'] as const).map(
    (ended): Break => [
      8,
      `more unknown than can have been in hand: ${ended}`,
      /left 3 unknown: at most 2/,
      (t) => {
        const stories = [0, 1, 2].map(() => t.b.asks({ in: 2 }).sent())
        t.b.lost(t.owners.idle, ended)
        t.b.owned(2, 'worker-4')
        for (const story of stories) story.becomes('unknown', { status: 'unknown', reason: 'crash' }).ends('delivered')
      },
    ],
  ),
  [
    8,
    'memory that grows',
    /worker-3: its memory grew from .* to .* MiB after its warm-up: 1\d\.\d %, and 10\.0 % is allowed/,
    (t) => {
      for (const [index, sample] of t.history.memory.entries()) if (index >= 30) sample.rssBytes *= 1.12
    },
  ],
]

export const BREAKS: readonly Break[] = [...ends, ...posts, ...starts, ...rates, ...positions, ...orders, ...leaks, ...settling]
