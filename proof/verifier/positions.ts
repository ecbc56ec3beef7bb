import type { Findings } from './findings.ts'
import type { Breach, InputSeen } from './history.ts'
import { intakeFaults } from './intake-positions.ts'
import { type Commit, grouped, type Known } from './known.ts'

/** Invariant 5: no position goes back, or passes what is not committed; and nobody commits intentions after the next owner's marker. */
export const checkPositions = (known: Known): Findings => {
  const breaches: Breach[] = []
  const blame = (where: string, what: string) => void breaches.push({ invariant: 5, what, where })
  const inputs = grouped(known.history.inputs, ({ topic, partition }) => `${topic}/${partition}`)
  for (const list of inputs.values()) list.sort((a, b) => a.offset - b.offset)
  let checked = known.history.intakePositions.length
  for (const [partition, commits] of known.commits) {
    checked += commits.length
    const waiting = (topic: string) => inputs.get(`${topic}/${partition}`) ?? []
    for (const { where, what } of taskFaults(known, commits, { requests: waiting('requests'), feedback: waiting('feedback') }))
      blame(where, what)
  }
  for (const { where, what } of intakeFaults(known)) blame(where, what)
  return { checked, breaches }
}

type Inputs = Readonly<Record<'requests' | 'feedback', readonly InputSeen[]>>

function* taskFaults({ deadLetters }: Known, commits: readonly Commit[], inputs: Inputs) {
  /** Of what has an entry: its position, and its notification. */
  const entered = new Set<string>()
  const passed = { requests: 0, feedback: 0 }
  const next = { requests: 0, feedback: 0 }
  for (const { partition, epoch, offset, entries, sent, position } of commits) {
    for (const entry of entries) entered.add(entry.position).add(entry.notificationId)
    for (const { tag, id } of sent)
      if (id && id.epoch !== epoch)
        yield { where: tag, what: `its intention was committed at journal/${partition}/${offset}, in the time of epoch ${epoch}` }
    if (!position) continue
    for (const topic of ['requests', 'feedback'] as const) {
      const to = position[topic]
      const where = `journal/${partition}/${position.offset}`
      if (to < passed[topic]) yield { where, what: `the position in ${topic} goes back, from ${passed[topic]} to ${to}` }
      passed[topic] = Math.max(passed[topic], to)
      for (let input = inputs[topic][next[topic]]; input && input.offset < to; input = inputs[topic][++next[topic]]) {
        const place = `${topic}/${partition}/${input.offset}`
        if (deadLetters.has(place) || isEntered(entered, input)) continue
        const what = input.unreadable
          ? `unreadable, passed at ${where}, and not set aside`
          : `the request of ${input.position}, passed at ${where}, and it has no entry`
        yield { where: place, what }
      }
    }
  }
}

/** An order, or feedback, changes what it changes. */
const isEntered = (entered: ReadonlySet<string>, { position, notificationId, unreadable }: InputSeen): boolean => {
  if (unreadable) return false
  if (position === null && notificationId === null) return true
  return (position !== null && entered.has(position)) || (notificationId !== null && entered.has(notificationId))
}
