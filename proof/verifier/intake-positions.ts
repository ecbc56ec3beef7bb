import type { IntakePosition } from './history.ts'
import { grouped, type Known } from './known.ts'

interface EventAsked {
  readonly offset: number
  readonly position: string
}

/** What intake passed in silence, or took back: each event below its position has requests for all that it asks, or is set aside. */
export function* intakeFaults(known: Known): Iterable<{ readonly where: string; readonly what: string }> {
  const events = new Map<string, EventAsked[]>()
  for (const position of known.asked.keys()) {
    const [index, offset, partition, ...topic] = position.split('/').reverse()
    if (index === undefined || offset === undefined || partition === undefined) continue
    const source = `${topic.reverse().join('/')}/${partition}`
    const list = events.get(source)
    if (list) list.push({ offset: Number(offset), position })
    else events.set(source, [{ offset: Number(offset), position }])
  }
  const seen = grouped(known.history.intakePositions, ({ topic, partition }) => `${topic}/${partition}`)
  for (const [source, positions] of seen) {
    const asked = (events.get(source) ?? []).sort((a, b) => a.offset - b.offset)
    let next = 0
    let passed = 0
    for (const told of positions.toSorted((a, b) => a.askedAt - b.askedAt)) {
      if (told.offset < passed) yield { where: source, what: `intake's position goes back, from ${passed} to ${told.offset}` }
      passed = Math.max(passed, told.offset)
      for (let event = asked[next]; event && event.offset < told.offset; event = asked[++next])
        if (!isWritten(known, event.position, told))
          yield {
            where: event.position,
            what: `intake passed it, to ${told.offset}, and neither its request nor a dead letter was written`,
          }
    }
  }
}

const isWritten = ({ inputsAt, deadLetters }: Known, position: string, { requestEnds }: IntakePosition): boolean =>
  deadLetters.has(position) ||
  (inputsAt.get(position) ?? []).some(({ partition, offset }) => offset < (requestEnds[partition] ?? 0))
