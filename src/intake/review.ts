import type { ChannelRules } from './channel-rules.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { NotifyingDocument, RouteDocument } from './route-document.ts'
import { type Fault, type Findings, NO_FINDINGS, quote } from './route-fault.ts'
import type { SoundPartOfNotifyingFile } from './route-file.ts'

/** The record of LINE's review against the message as it is now. LINE reviews flexible messages, each use by itself; templates are its
 *  own. */
export const reviewFindings = (
  document: NotifyingDocument,
  wanted: ChannelRules['review'] | undefined,
  { now, zone }: { readonly now: number; readonly zone: string },
): Findings => {
  const { sound, has, fault } = document
  const { review, message } = sound
  if (message !== undefined && 'template' in message) {
    if (!has('review')) return NO_FINDINGS
    return {
      faults: [fault(['review'], 'a template beside it', 'take it away: LINE reviews flexible messages only')],
      warnings: [],
    }
  }
  const faults: Fault[] = []
  if (review !== undefined && isToCome(review.approvedAt, now, zone))
    faults.push(
      fault(
        ['review', 'approvedAt'],
        `${quote(review.approvedAt)}, which is yet to come`,
        'write when LINE approved it, such as 2026-08-10',
      ),
    )
  const unreviewed = wanted === undefined || wanted === 'none' ? [] : unreviewedFaults(document)
  return wanted === 'required' ? { faults: [...faults, ...unreviewed], warnings: [] } : { faults, warnings: unreviewed }
}

/** What names the message; null for templates, and for what is not sound. */
export const fingerprintIn = ({ purpose, message }: SoundPartOfNotifyingFile): string | null =>
  purpose !== undefined && message !== undefined && 'flexible' in message ? fingerprintOf(purpose, message.flexible) : null

/** Routes that claim one review for different messages. */
export const sharedReviews = (documents: readonly RouteDocument[]): Fault[] => {
  const first = new Map<string, { readonly file: string; readonly fingerprint: string }>()
  return documents.flatMap((document) => {
    const review = document.kind === 'notify' ? document.sound.review : undefined
    if (review === undefined) return []
    const before = first.get(review.id)
    if (before === undefined) first.set(review.id, { file: document.file, fingerprint: review.fingerprint })
    if (before === undefined || before.fingerprint === review.fingerprint) return []
    const remedy = `write the review of this message: ${before.file} has this one, with another fingerprint, and LINE reviews each use by itself`
    return [document.fault(['review', 'id'], quote(review.id), remedy)]
  })
}

const unreviewedFaults = ({ sound, has, fault }: NotifyingDocument): Fault[] => {
  const fingerprint = fingerprintIn(sound)
  if (fingerprint === null) return []
  if (!has('review')) {
    const remedy = `have LINE review the message, then write review: { id: …, approvedAt: 2026-08-10, fingerprint: "${fingerprint}" }`
    return [fault(['review'], 'nothing beside a flexible message', remedy)]
  }
  const { review } = sound
  if (review === undefined || review.fingerprint === fingerprint) return []
  const remedy = `have LINE review it as it is, then write id and approvedAt of that review, and fingerprint: "${fingerprint}"`
  return [fault(['review', 'fingerprint'], `${quote(review.fingerprint)}, but the message is another now`, remedy)]
}

/** A mere date is one of the installation's calendar. */
const isToCome = (approvedAt: string, now: number, zone: string): boolean => {
  if (approvedAt.includes('T')) return Temporal.Instant.from(approvedAt).epochMilliseconds > now
  return approvedAt > Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate().toString()
}
