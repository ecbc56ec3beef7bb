import type { Findings } from './findings.ts'
import type { Asked, Breach, ResultSeen } from './history.ts'
import { grouped, type Known } from './known.ts'
import { refuteEnd } from './rightful-end.ts'

/** Invariant 1: everything that was asked for ends once, rightly, and is corrected once at most; nothing else ends. What was begun and has
 *  not ended is judged by settling.ts. */
export const checkEnds = (known: Known): Findings => {
  const breaches: Breach[] = []
  const blame = (where: string, what: string) => void breaches.push({ invariant: 1, what, where })

  const ids = new Map<string, string>()
  for (const { resultId, position } of known.history.results) {
    const other = ids.get(resultId)
    if (other !== undefined) blame(position, `its result ${resultId} has the name of one at ${other}`)
    ids.set(resultId, position)
  }
  for (const [position, results] of known.resultsAt) {
    if (known.asked.has(position)) continue
    blame(
      position,
      `${results.length} results (${statusesOf(results)}) ${known.orders.has(position) ? 'of an order' : 'that nobody asked for'}`,
    )
  }
  for (const asked of known.asked.values()) {
    const results = known.resultsAt.get(asked.position) ?? []
    if (results.length === 0) blame(asked.position, `no result, though ${asked.kind} was asked${fateOfRequest(known, asked)}`)
    for (const what of faultsOf(results)) blame(asked.position, what)
    for (const result of results) {
      const what =
        wronglyMarked(known, result) ?? (result.terminal || result.corrects ? refuteEnd(known, asked, result) : undefined)
      if (what !== undefined) blame(asked.position, what)
    }
  }
  for (const { where, what } of checkIdentities(known)) blame(where, what)
  return { checked: known.asked.size, breaches }
}

const statusesOf = (results: readonly ResultSeen[]): string => results.map(({ status }) => status).join(', ')

const fateOfRequest = ({ inputsAt, deadLetters }: Known, { position }: Asked): string => {
  const inputs = inputsAt.get(position) ?? []
  const places = inputs.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`)
  if (places.some((place) => deadLetters.has(place))) return `: its request ${places.join(', ')} was set aside`
  return places.length > 0 ? `: its request is ${places.join(', ')}` : ': there is no request'
}

/** Of the results of one position, in the order of their topic. */
function* faultsOf(results: readonly ResultSeen[]): Iterable<string> {
  let end: ResultSeen | undefined
  let corrected = false
  for (const [index, result] of results.entries()) {
    const { sequence, status, terminal, corrects, notificationId } = result
    const first = results[0]
    if (first && notificationId !== first.notificationId)
      yield `two notifications at one position: ${first.notificationId} and ${notificationId}`
    if (sequence !== index) yield `its result ${index} (${status}) has sequence ${sequence}: they are not dense`
    if (end === undefined) {
      if (corrects !== null) yield `a correction (${status}) before its end`
      if (terminal) end = result
      continue
    }
    if (terminal) yield `a second end: ${status} after ${end.status}`
    else if (corrects === null) yield `${status} after its end, ${end.status}`
    else if (corrected) yield `a second correction: ${status}`
    else if (corrects !== end.resultId) yield `its correction (${status}) names ${corrects}, and its end is ${end.resultId}`
    else if (status === end.status) yield `its correction says what was said: ${status}`
    else if (NOT_CORRECTED.has(end.status)) yield `its end, ${end.status}, was final, and is corrected to ${status}`
    corrected ||= corrects !== null
  }
}

/** What nobody can know better afterwards. */
const NOT_CORRECTED: ReadonlySet<string> = new Set(['delivered', 'accepted', 'duplicate', 'refused', 'poison'])

const ON_THE_WAY: ReadonlySet<string> = new Set(['received', 'queued', 'sending', 'unknown', 'fallback_due'])

/** Whether it is called an end, or not, against what its status means. */
const wronglyMarked = ({ asked, history }: Known, result: ResultSeen): string | undefined => {
  const { status, terminal, corrects, position } = result
  const onTheWay = ON_THE_WAY.has(status)
  const awaited = history.settings.awaitsReceipts.includes(asked.get(position)?.channel ?? '')
  if (onTheWay && terminal) return `${status} is called an end`
  if (onTheWay && corrects !== null) return `${status} is called a correction`
  if (onTheWay || terminal || corrects !== null) return undefined
  return status === 'accepted' && awaited ? undefined : `${status} is not called an end`
}

/** Of several with one identity one goes its way, and the others name it. */
function* checkIdentities({ asked, resultsAt }: Known): Iterable<{ readonly where: string; readonly what: string }> {
  const groups = grouped([...asked.values()], ({ kind, identity }) => (kind === 'ready' ? identity : null))
  for (const group of groups.values()) {
    const firsts = new Set<string>()
    const duplicates: ResultSeen[] = []
    let unended = 0
    for (const { position } of group) {
      const results = resultsAt.get(position) ?? []
      const end = results.find(({ terminal }) => terminal)
      if (end?.status === 'duplicate') duplicates.push(end)
      else {
        const id = results[0]?.notificationId
        if (id !== undefined) firsts.add(id)
        if (!end) unended++
      }
    }
    const where = group.map(({ position }) => position).join(' ')
    if (firsts.size > 1) yield { where, what: `${firsts.size} of one identity were not found to be duplicates` }
    if (firsts.size === 0 && unended === 0) yield { where, what: 'all of one identity are duplicates: none went' }
    for (const { position, duplicateOf, notificationId } of duplicates) {
      if (duplicateOf === notificationId) yield { where: position, what: 'a duplicate of itself' }
      else if (duplicateOf === null || (firsts.size > 0 && !firsts.has(duplicateOf)))
        yield {
          where: position,
          what: `a duplicate of ${duplicateOf ?? 'nothing'}, which is not the one of its identity that went`,
        }
    }
  }
}
